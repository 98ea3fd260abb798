import pytest

from tornado_websockets.core.connections.transport import ClientGone


@pytest.mark.parametrize("error", [OSError, EOFError, RuntimeError, ConnectionResetError])
def test_that_a_client_has_left_is_told_by_no_error_that_may_be_a_fault(error):
    assert not issubclass(ClientGone, error)
    assert not issubclass(error, ClientGone)
