//! The contract, as wasmtime sees it.

wasmtime::component::bindgen!({
    path: "../wit/0.1.0",
    world: "plugin",
    imports: { default: trappable },
});
