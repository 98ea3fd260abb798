"""What a measurement gives."""

from collections.abc import Callable, Mapping

#: Values by what they are, with their unit.
Figures = Mapping[str, float]

#: Measures once; is given the seconds of CPU time it should spend on what it repeats.
Measurement = Callable[[float], Figures]
