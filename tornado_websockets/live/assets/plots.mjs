// A small plot of the last values of something.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 120;
const HEIGHT = 28;

/** How many values a plot shows. */
export const LENGTH = 60;

/** A plot, which says nothing to who does not see it: the number beside it does. */
export class Plot {
  constructor() {
    this._values = [];
    this.element = document.createElementNS(SVG, "svg");
    this.element.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.element.setAttribute("preserveAspectRatio", "none");
    this.element.setAttribute("aria-hidden", "true");
    this.element.setAttribute("class", "plot");
    this._area = document.createElementNS(SVG, "polygon");
    this._line = document.createElementNS(SVG, "polyline");
    this.element.append(this._area, this._line);
  }

  add(value) {
    this._values.push(Number.isFinite(value) ? value : 0);
    if (this._values.length > LENGTH) this._values.shift();
    const most = Math.max(...this._values, 1e-9);
    const step = WIDTH / (LENGTH - 1);
    const first = LENGTH - this._values.length;
    const points = this._values.map((each, at) => {
      const y = HEIGHT - 2 - (each / most) * (HEIGHT - 4);
      return `${((first + at) * step).toFixed(1)},${y.toFixed(1)}`;
    });
    this._line.setAttribute("points", points.join(" "));
    this._area.setAttribute("points", `${(first * step).toFixed(1)},${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`);
  }
}
