#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fencebox_fuzz::certificates(data));
