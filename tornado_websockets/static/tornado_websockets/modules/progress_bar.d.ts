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
declare class ModuleProgressBar extends TornadoWebSocket.Module implements ModuleProgressBar.Progress {
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
  readonly engine: ModuleProgressBar.Renderer | ModuleProgressBar.OldRenderer | null;

  /** Let `engine` show the progress, from when the server has told of it. */
  set_engine(engine: ModuleProgressBar.Renderer | ModuleProgressBar.OldRenderer): this;
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

  class EngineBootstrap implements Renderer {
    /** @param container the element to draw in */
    constructor(container: Element | null, options?: Partial<BootstrapOptions>);
    update(progress: Progress): void;
  }
}

declare module "../tornadowebsocket.js" {
  let ModuleProgressBar: typeof import("./progress_bar.js");
}
