//! The contract between host and plugins, as bindings for wasmtime.

wasmtime::component::bindgen!({
    path: "../wit/0.1.0",
    world: "plugin",
    imports: { default: trappable },
});
