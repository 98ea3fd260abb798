// ModuleProgressBar: shows the progress that a ProgressBar of the server tells.
//
// This file is written by hand, and what bundlers take. What pages load, modules/progress_bar.mjs and its like, is made
// from it by .ci/browser_client.py.

import { TornadoWebSocket } from "../tornadowebsocket.mjs";

/**
 * @typedef {import("../modules/progress_bar.js").EngineOptions} EngineOptions
 * @typedef {import("../modules/progress_bar.js").Html5Options} Html5Options
 * @typedef {import("../modules/progress_bar.js").BootstrapOptions} BootstrapOptions
 * @typedef {import("../modules/progress_bar.js").JobOptions} JobOptions
 * @typedef {import("../modules/progress_bar.js").Progress} Progress
 * @typedef {import("../modules/progress_bar.js").Job} Job
 * @typedef {import("../modules/progress_bar.js").Renderer} Renderer
 * @typedef {import("../modules/progress_bar.js").OldRenderer} OldRenderer
 */

/** @type {EngineOptions} */
const DEFAULTS = {
  aria_label: "Progress",
  aria_labelledby: "",
  label_visible: true,
  label_classes: ["progressbar-label"],
  label_position: "top",
  progressbar_classes: [],
  progression_visible: true,
  progression_format: "{{percent}}%",
};

/** @type {Html5Options} */
const HTML5_DEFAULTS = {
  ...DEFAULTS,
  progression_classes: ["progressbar-progression"],
  progression_position: "right",
};

/** @type {BootstrapOptions} */
const BOOTSTRAP_DEFAULTS = {
  ...DEFAULTS,
  progressbar_context: "info",
  progressbar_striped: false,
  progressbar_animated: false,
};

/** @type {JobOptions} */
const JOB_DEFAULTS = {
  ...HTML5_DEFAULTS,
  cancel_visible: true,
  cancel_text: "Cancel",
  cancel_classes: ["progressbar-cancel"],
  log_visible: true,
  log_label: "Log",
  outcome_texts: { done: "Done", cancelled: "Cancelled", failed: "Failed" },
  refusal_texts: {
    forbidden: "You may not cancel it",
    unavailable: "It cannot be cancelled now, try again",
    timeout: "No answer, try again",
    disconnected: "No answer, try again",
  },
};

// Lines of a log that are kept, as the server does.
const MAX_LINES = 100;

// WebSockets of the server's older form of a progress bar: one bar each, whose events have no prefix.
const OLD_PATH = /^\/*module\/progress_bar\//;

// What an engine has drawn, by its container: a new engine there takes the place of the old one.
/** @type {WeakMap<Element, Element>} */
const drawn = new WeakMap();

function build(/** @type {string} */ tag, /** @type {string[]} */ classes) {
  const element = document.createElement(tag);
  if (classes.length) element.classList.add(...classes);
  return element;
}

/** The text that a format gives; {{percent}} may also be written {percent}, which Django's templates leave alone. */
function format(/** @type {EngineOptions["progression_format"]} */ pattern, /** @type {Progress} */ progress) {
  if (typeof pattern === "function") return pattern(progress);
  const { percent, current, min, max, label } = progress;
  /** @type {Record<string, string | number | null>} */
  const values = { percent, progress: percent, current, value: current, min, max, label };
  return pattern.replace(/\{\{\s*(\w+)\s*\}\}|\{(\w+)\}/g, (whole, one, other) => {
    const value = values[one || other];
    return value === undefined ? whole : String(value ?? "");
  });
}

/** How far it is, of 100. */
function progression(/** @type {{ min: number, max: number, current: number }} */ { min, max, current }) {
  return max > min ? ((current - min) * 100) / (max - min) : 100;
}

/**
 * Whether an engine is one of 0.2: it hears the events and reckons itself.
 *
 * @param {any} engine
 * @returns {engine is OldRenderer}
 */
function isOld(engine) {
  return ["render", "on_init", "on_update"].every((name) => typeof engine?.[name] === "function");
}

/** Set an attribute, or remove it when there is nothing to say. */
function say(
  /** @type {Element} */ element,
  /** @type {string} */ name,
  /** @type {string | number | null} */ value,
) {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, String(value));
}

/** What the engines have in common: the elements around the bar, and what is said to assistive technology. */
class Engine {
  constructor(/** @type {Element} */ container, /** @type {EngineOptions} */ options) {
    if (container?.nodeType !== 1)
      throw new TypeError(`Expected an element to draw the progress in, got ${container}.`);
    this.container = container;
    this.options = options;
    this.root = build("div", ["progressbar"]);
    this.label = build("div", options.label_classes);
    /** @type {HTMLElement} the element that is the bar to assistive technology */
    this.bar = this.root;
  }

  /** Put together what an engine draws: its bar, and the element that the bar is in or is. */
  assemble(/** @type {HTMLElement} */ bar, /** @type {HTMLElement} */ row) {
    const { aria_label, aria_labelledby, label_visible, label_position } = this.options;
    this.root.append(row);
    if (label_visible) this.root[label_position === "bottom" ? "append" : "prepend"](this.label);
    bar.setAttribute("role", "progressbar");
    if (aria_labelledby) bar.setAttribute("aria-labelledby", aria_labelledby);
    else bar.setAttribute("aria-label", aria_label);
    this.bar = bar;
  }

  update(/** @type {Progress} */ progress) {
    const { container, root, bar, options } = this;
    const old = drawn.get(container);
    if (old !== root) {
      old?.remove();
      container.append(root);
      drawn.set(container, root);
    }
    const { indeterminate, min, max, current, label } = progress;
    const text = indeterminate ? "" : format(options.progression_format, progress);
    this.label.textContent = label;
    this.show(progress, text);
    say(bar, "aria-valuemin", indeterminate ? null : min);
    say(bar, "aria-valuemax", indeterminate ? null : max);
    say(bar, "aria-valuenow", indeterminate ? null : current);
    say(bar, "aria-valuetext", [label, text].filter(Boolean).join(", ") || null);
  }

  /** Draw `progress`, of which `text` tells how far it is. */
  show(/** @type {Progress} */ _progress, /** @type {string} */ _text) {}
}

/** Draws an HTML `<progress>`, which the page's style sheet may dress. */
class EngineHtml5 extends Engine {
  constructor(/** @type {Element} */ container, /** @type {Partial<Html5Options>} */ options = {}) {
    const all = { ...HTML5_DEFAULTS, ...options };
    super(container, all);
    this.progress = /** @type {HTMLProgressElement} */ (build("progress", all.progressbar_classes));
    this.progression = build("span", all.progression_classes);
    this.progression.setAttribute("aria-hidden", "true"); // the bar says it
    const row = build("div", ["progressbar-row"]);
    row.append(this.progress);
    if (all.progression_visible && all.progression_position === "left") row.prepend(this.progression, " ");
    else if (all.progression_visible) row.append(" ", this.progression);
    this.assemble(this.progress, row);
  }

  show(/** @type {Progress} */ { indeterminate, min, max, current }, /** @type {string} */ text) {
    this.progression.textContent = text;
    if (indeterminate) return this.progress.removeAttribute("value");
    // The element counts from 0, and to more than 0.
    this.progress.max = max > min ? max - min : 1;
    this.progress.value = max > min ? current - min : 1;
  }
}

/** Draws the progress bar of Bootstrap, with the classes of its versions 3 to 5. */
class EngineBootstrap extends Engine {
  constructor(/** @type {Element} */ container, /** @type {Partial<BootstrapOptions>} */ options = {}) {
    const all = { ...BOOTSTRAP_DEFAULTS, ...options };
    super(container, all);
    this.isStriped = all.progressbar_striped;
    this.isAnimated = all.progressbar_animated;
    const context = all.progressbar_context;
    const contextual = context ? [`progress-bar-${context}`, `bg-${context}`, `text-bg-${context}`] : [];
    this.filled = build("div", ["progress-bar", ...contextual, ...all.progressbar_classes]);
    const bar = build("div", ["progress"]);
    bar.append(this.filled);
    // The bar is the whole, since the part that is filled has no width in the beginning.
    this.assemble(bar, bar);
  }

  show(/** @type {Progress} */ { indeterminate, is_done, percent }, /** @type {string} */ text) {
    const { style, classList } = this.filled;
    const isMoving = (this.isAnimated || indeterminate) && !is_done;
    const shown = this.options.progression_visible ? text : "";
    classList.toggle("progress-bar-striped", this.isStriped || isMoving);
    for (const name of ["active", "progress-bar-animated"]) classList.toggle(name, isMoving);
    style.width = indeterminate ? "100%" : `${percent}%`;
    style.minWidth = shown ? "max-content" : ""; // room for its text from the beginning
    style.padding = shown ? "0 0.5em" : "";
    this.filled.textContent = shown;
  }
}

/** As EngineHtml5, with the stage and the log of a job, how it has ended, and a button that cancels it. */
class EngineJob extends EngineHtml5 {
  constructor(/** @type {Element} */ container, /** @type {Partial<JobOptions>} */ options = {}) {
    const all = { ...JOB_DEFAULTS, ...options };
    super(container, all);
    this.texts = { ...JOB_DEFAULTS.outcome_texts, ...options.outcome_texts };
    /** @type {Record<string, string>} */
    this.refusals = { ...JOB_DEFAULTS.refusal_texts, ...options.refusal_texts };
    this.stage = build("span", ["progressbar-stage"]);
    this.outcome = build("span", ["progressbar-outcome"]);
    this.outcome.setAttribute("role", "status");
    this.button = /** @type {HTMLButtonElement} */ (build("button", all.cancel_classes));
    this.button.type = "button";
    this.button.textContent = all.cancel_text;
    this.button.addEventListener("click", () => this.cancel());
    const log = build("div", ["progressbar-log"]);
    log.setAttribute("role", "log");
    log.setAttribute("aria-label", all.log_label);
    log.tabIndex = 0; // it may be scrolled
    this.lines = build("ol", []);
    log.append(this.lines);
    const row = build("div", ["progressbar-job"]);
    row.append(this.stage, " ", this.outcome, " ", ...(all.cancel_visible ? [this.button] : []));
    this.root.append(row, ...(all.log_visible ? [log] : []));
    /** @type {Job | null} */
    this.job = null;
    /** @type {string | null} the run that somebody has clicked away */
    this.clicked = null;
    /** @type {{ run: string | null, text: string }} why a run was not cancelled */
    this.refused = { run: null, text: "" };
    /** @type {readonly string[]} */
    this.shown = [];
  }

  update(/** @type {Job} */ job) {
    super.update(job);
    const { stage, outcome, run, log } = job;
    this.job = job;
    const place = stage && stage.of ? `${stage.index}/${stage.of} ` : "";
    this.stage.textContent = stage ? `${place}${stage.name}` : "";
    if (outcome) this.outcome.dataset.outcome = outcome;
    else delete this.outcome.dataset.outcome;
    this.button.hidden = run === null;
    this.announce(job);
    if (log !== this.shown) this.write(log);
  }

  /** Tell how the job has ended, or why a click did not end it. */
  announce(/** @type {Job} */ { outcome, run }) {
    const reason = run !== null && run === this.refused.run ? this.refused.text : "";
    const text = outcome ? this.texts[outcome] : reason;
    // Screen readers say it each time it is set.
    if (this.outcome.textContent !== text) this.outcome.textContent = text;
    this.button.disabled = run !== null && run === this.clicked;
  }

  /** Show the lines of a log; those that are shown already stay, for who reads or selects them. */
  write(/** @type {readonly string[]} */ log) {
    const before = this.shown;
    this.shown = log;
    const isLonger = log.length > before.length && before.every((line, index) => line === log[index]);
    if (!isLonger) this.lines.replaceChildren();
    for (const line of isLonger ? log.slice(before.length) : log) {
      const item = build("li", []);
      item.textContent = line;
      this.lines.append(item);
    }
  }

  cancel() {
    const { job } = this;
    if (!job) return;
    const { run } = job;
    this.clicked = run;
    this.refused = { run: null, text: "" };
    this.announce(job);
    job.cancel().catch((/** @type {Error & { code?: string }} */ { code = "", message }) => {
      if (this.clicked === run) this.clicked = null;
      this.refused = { run, text: this.refusals[code] ?? message };
      this.announce(job);
    });
  }
}

/**
 * The base of engines that were written for 0.2. They override `render`, `on_init` and `on_update`, or the five methods
 * at the end.
 */
class EngineInterface {
  constructor(/** @type {Element | null} */ container) {
    if (container?.nodeType !== 1)
      throw new TypeError(`Expected an element to draw the progress in, got ${container}.`);
    this._$container = container;
    /** @type {Record<string, any>} */
    this._options = {};
    /** @type {Record<string, any>} what the server told last */
    this._values = {};
  }

  get values() {
    return this._values;
  }

  /** The bar has been given this engine. */
  render() {
    this._create_elements();
    this._render_elements();
  }

  /** The server has told where the bar stands. */
  on_init(/** @type {Progress} */ { indeterminate, min = 0, max = 100, current = min }) {
    this.update_values({ min, max, current, indeterminate });
    this.on_update({ current });
  }

  /** The bar is one step further. */
  on_update(/** @type {Record<string, any>} */ data) {
    this.update_values(data);
    this._update_progression();
    this._update_label(data.label);
  }

  update_values(/** @type {Record<string, any>} */ values) {
    for (const [key, value] of Object.entries(values)) {
      this._values[key] = value;
      this._handle_value(key, value);
    }
  }

  compute_progression() {
    return progression(/** @type {any} */ (this._values));
  }

  format_progression(/** @type {string} */ pattern, /** @type {number} */ progress) {
    return format(pattern, /** @type {any} */ ({ ...this._values, percent: progress }));
  }

  _create_elements() {}

  _render_elements() {}

  _handle_value(/** @type {string} */ _key, /** @type {any} */ _value) {}

  _update_label(/** @type {string | undefined} */ _label) {}

  _update_progression() {}
}

/** A progress bar of the server, by its name there. */
class ModuleProgressBar extends TornadoWebSocket.Module {
  constructor(name = "") {
    super(name ? `progressbar_${name}` : "progressbar");
    this.min = 0;
    this.max = 100;
    this.current = 0;
    this.label = "";
    this.indeterminate = false;
    this.is_done = false;
    /** @type {Job["stage"]} */
    this.stage = null;
    /** @type {readonly string[]} */
    this.log = [];
    /** @type {string | null} */
    this.run = null;
    /** @type {Job["outcome"]} */
    this.outcome = null;
    /** @type {Renderer | OldRenderer | null} */
    this.engine = null;
    this._isKnown = false;
  }

  /** How far it is, as a whole number; 100 is not said before it is reached. */
  get percent() {
    return Math.floor(progression(this));
  }

  /** The same, not rounded. */
  get progression() {
    return progression(this);
  }

  /**
   * Let `engine` show the progress: one of those here, any object with a method `update(progress)`, or an engine that
   * was written for 0.2.
   */
  set_engine(/** @type {Renderer | OldRenderer} */ engine) {
    if (!isOld(engine) && typeof engine?.update !== "function")
      throw new TypeError(`Expected an engine with a method update, got ${engine}.`);
    this.engine = engine;
    if (isOld(engine)) this._start(engine);
    this._show();
    return this;
  }

  /**
   * Have the job end that is told of now, and no other. What is returned fails where that cannot be: `forbidden`, or
   * `unavailable`.
   *
   * @returns {Promise<any>}
   */
  cancel() {
    return this.run === null ? Promise.resolve() : this.request("cancel", { run: this.run });
  }

  _bind(/** @type {InstanceType<typeof TornadoWebSocket>} */ websocket) {
    super._bind(websocket);
    if (OLD_PATH.test(websocket.path)) this.prefix = "";
  }

  _receive(/** @type {string} */ event, /** @type {any} */ data) {
    if (event === "init") this._init(data);
    else if (event === "update") this._update(data);
    else if (event === "done") this._done();
    else if (event === "stage") this.stage = data;
    else if (event === "log") this._write(data);
    else if (event === "cancelled" || event === "failed") this._end(event);
    if (isOld(this.engine)) {
      if (event === "init") this.engine.on_init(data);
      else if (event === "update") this.engine.on_update(data);
    }
    super._receive(event, data);
  }

  _init(/** @type {any} */ data) {
    const { min = 0, max = 100, value = min, current = value, indeterminate = false, label = "" } = data;
    const { outcome = null, stage = null, run = null, log = this.log } = data;
    // Of a job, the last step is not the end.
    const is_done = "outcome" in data ? outcome === "done" : !indeterminate && max > min && current >= max;
    Object.assign(this, { min, max, current, indeterminate, is_done, label: String(label) });
    Object.assign(this, { outcome, stage, run, log });
    this._isKnown = true;
    if (outcome === "done") this._done();
    else this._show();
  }

  _update(/** @type {any} */ { value = this.current, current = value, label = null }) {
    this.current = Math.max(this.min, Math.min(this.max, current));
    if (label !== null) this.label = String(label);
    // It was set back, and goes on.
    if (this.is_done && this.current < this.max) Object.assign(this, { is_done: false, outcome: null });
    this._show();
  }

  _done() {
    Object.assign(this, { current: this.max, indeterminate: false, is_done: true, outcome: "done", run: null });
    this._show();
  }

  _end(/** @type {"cancelled" | "failed"} */ outcome) {
    // A server that could not hear how a run has ended takes it to be dead in the end.
    if (outcome === "failed" && this.outcome) return;
    Object.assign(this, { outcome, run: null });
    this._show();
  }

  _write(/** @type {any} */ { line }) {
    this.log = [...this.log, String(line)].slice(-MAX_LINES);
    this._show();
  }

  /** Let an engine of 0.2 draw, and tell it what it has not heard. */
  _start(/** @type {OldRenderer} */ engine) {
    engine.render();
    if (!this._isKnown) return;
    const { indeterminate, min, max, current, label } = this;
    engine.on_init({ indeterminate, min, max, current });
    if (label) engine.on_update({ current, label });
  }

  _show() {
    // Before the server has told where it stands there is nothing to show.
    if (this._isKnown && this.engine && !isOld(this.engine)) this.engine.update(this);
  }
}

ModuleProgressBar.EngineInterface = EngineInterface;
ModuleProgressBar.EngineHtml5 = EngineHtml5;
ModuleProgressBar.EngineBootstrap = EngineBootstrap;
ModuleProgressBar.EngineJob = EngineJob;
Object.assign(TornadoWebSocket, { ModuleProgressBar });

export { ModuleProgressBar as default, ModuleProgressBar, EngineInterface, EngineHtml5, EngineBootstrap, EngineJob };
