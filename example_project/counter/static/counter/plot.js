// A small plot: one bar a second, the latest at the right.

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [600, 240];
const LEFT = 46;
const TOP = 14;
const BOTTOM = 212;
const GAP = 2;
// The axis grows in these steps, so that it does not jump with every bar.
const SCALES = [4, 8, 20, 40, 80, 200, 400, 800, 2000, 4000];

export class Plot {
  #bars;
  #labels;
  #seconds;

  /** Draws into `svg`, which is 600 wide and 240 high, the last `seconds`. */
  constructor(svg, seconds) {
    this.#seconds = seconds;
    this.#labels = [0, 0.5, 1].map((part) => {
      const y = BOTTOM - part * (BOTTOM - TOP);
      svg.append(build("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y, y2: y }));
      const label = build("text", { class: "scale", x: LEFT - 8, y: y + 5 });
      svg.append(label);
      return { part, label };
    });
    this.#bars = build("g", { class: "bars" });
    svg.append(this.#bars);
    for (const [x, anchor, text] of [
      [LEFT, "start", `${seconds} s ago`],
      [WIDTH, "end", "now"],
    ]) {
      const label = build("text", { class: "time", x, y: HEIGHT - 8, "text-anchor": anchor });
      label.textContent = text;
      svg.append(label);
    }
  }

  /** `values` have an age in seconds and a value each. */
  draw(values) {
    const highest = Math.max(0, ...values.map(({ value }) => value));
    const top = SCALES.find((scale) => scale >= highest) ?? highest;
    for (const { part, label } of this.#labels) label.textContent = part * top;
    this.#bars.replaceChildren(...values.filter(({ value }) => value > 0).map((value) => this.#bar(value, top)));
  }

  #bar({ age, value }, top) {
    const width = (WIDTH - LEFT) / this.#seconds;
    const height = (value / top) * (BOTTOM - TOP);
    const x = WIDTH - (age + 1) * width + GAP / 2;
    return build("rect", { x, y: BOTTOM - height, width: width - GAP, height, rx: Math.min(3, height / 2) });
  }
}

function build(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}
