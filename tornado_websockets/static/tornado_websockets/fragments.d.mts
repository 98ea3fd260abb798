// Types of fragments.mjs, which exports nothing: loading it is all that a page does.

export {};
