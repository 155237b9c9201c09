//! The Python agent and ours with the same input, each with its own cloud.
