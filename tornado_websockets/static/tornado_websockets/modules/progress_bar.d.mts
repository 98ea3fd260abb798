// Types of progress_bar.mjs, which is progress_bar.js as an ES module.

import ModuleProgressBar from "./progress_bar.js";

export { ModuleProgressBar, ModuleProgressBar as default };
export import EngineInterface = ModuleProgressBar.EngineInterface;
export import EngineHtml5 = ModuleProgressBar.EngineHtml5;
export import EngineBootstrap = ModuleProgressBar.EngineBootstrap;
export import EngineJob = ModuleProgressBar.EngineJob;
