// Types of progress_bar.js: a global of a page, an AMD module and a CommonJS module.

import TornadoWebSocket = require("../tornadowebsocket.js");

export = ModuleProgressBar;
export as namespace ModuleProgressBar;

/**
 * A progress bar of the server, by its name there.
 *
 *     const progress = new ModuleProgressBar("foo");
 *     progress.set_engine(new ModuleProgressBar.EngineHtml5(document.querySelector("#container")));
 *     tws.bind(progress);
 */
declare class ModuleProgressBar extends TornadoWebSocket.Module implements ModuleProgressBar.Job {
  constructor(name?: string);

  readonly min: number;
  readonly max: number;
  readonly current: number;
  readonly percent: number;
  /** As `percent`, not rounded. */
  readonly progression: number;
  readonly label: string;
  readonly indeterminate: boolean;
  readonly is_done: boolean;
  readonly stage: ModuleProgressBar.Stage | null;
  readonly log: readonly string[];
  readonly run: string | null;
  readonly outcome: ModuleProgressBar.Outcome | null;
  readonly engine: ModuleProgressBar.Renderer | ModuleProgressBar.OldRenderer | null;

  /** Let `engine` show the progress, from when the server has told of it. */
  set_engine(engine: ModuleProgressBar.Renderer | ModuleProgressBar.OldRenderer): this;

  /**
   * Have the job end that is told of now, and no other: a click that comes late does nothing. Rejected with the code
   * "forbidden" or "unavailable" where it cannot be.
   */
  cancel(): Promise<any>;
}

declare namespace ModuleProgressBar {
  interface Progress {
    readonly min: number;
    readonly max: number;
    readonly current: number;
    /** A whole number; 100 is not said before it is reached. */
    readonly percent: number;
    readonly label: string;
    readonly indeterminate: boolean;
    readonly is_done: boolean;
  }

  /** A part of a job, the first of which has the index 1. */
  interface Stage {
    readonly name: string;
    readonly index: number;
    /** How many there are; `null` where that is not known. */
    readonly of: number | null;
  }

  type Outcome = "done" | "cancelled" | "failed";

  /** The progress of a job: of what has a beginning and an end. */
  interface Job extends Progress {
    readonly stage: Stage | null;
    /** Its last hundred lines. */
    readonly log: readonly string[];
    /** The run that goes on, where it can be cancelled. */
    readonly run: string | null;
    /** How it has ended; `null` as long as it goes on. */
    readonly outcome: Outcome | null;
    cancel(): Promise<any>;
  }

  /** An engine: one of those here, or a page's own. */
  interface Renderer {
    update(progress: Progress): void;
  }

  /** An engine that was written for 0.2: it hears the events of the server as they come. */
  interface OldRenderer {
    /** Called by `set_engine`. */
    render(): void;
    on_init(data: any): void;
    on_update(data: any): void;
  }

  interface EngineOptions {
    /** What the bar is called to assistive technology. Default: "Progress". */
    aria_label: string;
    /** Id of the element that names it, instead. */
    aria_labelledby: string;
    /** Show the label that comes with an update. Default: true. */
    label_visible: boolean;
    /** Default: ["progressbar-label"]. */
    label_classes: string[];
    /** Default: "top". */
    label_position: "top" | "bottom";
    /** More classes of the bar. */
    progressbar_classes: string[];
    /** Show how far it is, as text. Default: true. */
    progression_visible: boolean;
    /**
     * That text: {{percent}} (or {{progress}}), {{current}}, {{min}}, {{max}} and {{label}} are filled in. Single
     * braces do, too. Or a function that makes it. Default: "{{percent}}%".
     */
    progression_format: string | ((progress: Progress) => string);
  }

  interface Html5Options extends EngineOptions {
    /** Default: ["progressbar-progression"]. */
    progression_classes: string[];
    /** Default: "right". */
    progression_position: "left" | "right";
  }

  interface BootstrapOptions extends EngineOptions {
    /** One of Bootstrap's colours, such as "success". Default: "info". */
    progressbar_context: string;
    /** Default: false. */
    progressbar_striped: boolean;
    /** Move the stripes. Default: false. */
    progressbar_animated: boolean;
  }

  interface JobOptions extends Html5Options {
    /** Show a button that cancels the job, while it can be. Default: true. */
    cancel_visible: boolean;
    /** Default: "Cancel". */
    cancel_text: string;
    /** Default: ["progressbar-cancel"]. */
    cancel_classes: string[];
    /** Show the last hundred lines of the log. Default: true. */
    log_visible: boolean;
    /** What the log is called to assistive technology. Default: "Log". */
    log_label: string;
    /** What is said of how it has ended. Default: "Done", "Cancelled", "Failed". */
    outcome_texts: Record<Outcome, string>;
    /**
     * What is said beside the button where the job was not cancelled, by the code of the refusal; where it has none of
     * that code, what the server says. Default: texts of "forbidden", "unavailable", "timeout" and "disconnected".
     */
    refusal_texts: Record<string, string>;
  }

  /**
   * The base of engines that were written for 0.2. They override `render`, `on_init` and `on_update`, or the last five
   * methods. A new engine needs none: it has a method `update(progress)`.
   */
  class EngineInterface implements OldRenderer {
    /** @param container the element to draw in */
    constructor(container: Element | null);
    readonly values: Record<string, any>;
    protected _$container: Element;
    protected _options: Record<string, any>;
    protected _values: Record<string, any>;
    render(): void;
    on_init(data: any): void;
    on_update(data: any): void;
    update_values(values: Record<string, any>): void;
    compute_progression(): number;
    format_progression(format: string, progression: number): string;
    protected _create_elements(): void;
    protected _render_elements(): void;
    protected _handle_value(key: string, value: any): void;
    protected _update_label(label?: string): void;
    protected _update_progression(): void;
  }

  class EngineHtml5 implements Renderer {
    /** @param container the element to draw in */
    constructor(container: Element | null, options?: Partial<Html5Options>);
    update(progress: Progress): void;
  }

  /** As EngineHtml5, with the stage and the log of a job, how it has ended, and a button that cancels it. */
  class EngineJob implements Renderer {
    /** @param container the element to draw in */
    constructor(container: Element | null, options?: Partial<JobOptions>);
    update(progress: Job): void;
  }

  class EngineBootstrap implements Renderer {
    /** @param container the element to draw in */
    constructor(container: Element | null, options?: Partial<BootstrapOptions>);
    update(progress: Progress): void;
  }
}

declare module "../tornadowebsocket.js" {
  let ModuleProgressBar: typeof import("./progress_bar.js");
}
