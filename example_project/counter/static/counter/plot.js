// A small plot: one bar a second, the latest at the right.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 40;
const TOP = 10;
const BELOW = 28;
const GAP = 2;
// The axis grows in these steps, so that it does not jump with every bar.
const SCALES = [4, 8, 20, 40, 80, 200, 400, 800, 2000, 4000];

export class Plot {
  #svg;
  #seconds;
  #values = [];

  /** Fills `svg`, whatever its size is, with the last `seconds`. */
  constructor(svg, seconds) {
    this.#svg = svg;
    this.#seconds = seconds;
    new ResizeObserver(() => this.draw(this.#values)).observe(svg);
  }

  /** `values` have an age in seconds and a value each. */
  draw(values) {
    const { clientWidth: width, clientHeight: height } = this.#svg;
    const highest = Math.max(0, ...values.map(({ value }) => value));
    const area = { width, bottom: height - BELOW, scale: SCALES.find((scale) => scale >= highest) ?? highest };
    const bars = build("g", { class: "bars" });
    bars.append(...values.filter(({ value }) => value > 0).map((value) => this.#bar(value, area)));
    this.#values = values;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.replaceChildren(...drawScale(area), bars, ...this.#drawTime(area));
  }

  #bar({ age, value }, { width, bottom, scale }) {
    const step = (width - LEFT) / this.#seconds;
    const height = (value / scale) * (bottom - TOP);
    const x = width - (age + 1) * step + GAP / 2;
    return build("rect", { x, y: bottom - height, width: step - GAP, height, rx: Math.min(3, height / 2) });
  }

  #drawTime({ width, bottom }) {
    const y = bottom + BELOW - 6;
    return [
      build("text", { x: LEFT, y }, `${this.#seconds} s ago`),
      build("text", { x: width, y, "text-anchor": "end" }, "now"),
    ];
  }
}

function drawScale({ width, bottom, scale }) {
  return [0, 0.5, 1].flatMap((part) => {
    const y = bottom - part * (bottom - TOP);
    return [
      build("line", { class: "grid", x1: LEFT, x2: width, y1: y, y2: y }),
      build("text", { x: LEFT - 8, y: y + 5, "text-anchor": "end" }, `${part * scale}`),
    ];
  });
}

function build(name, attributes, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.textContent = text;
  return element;
}
