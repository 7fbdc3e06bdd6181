//! State records given back to an engine: restored or refused.
#![no_main]

use domain::{Engine, Policy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut engine = Engine::new(Policy::qc_1(), true);
    for key in ["charge-point|FRTSTPTEST|FRTSTETEST1", "station|FRTSTPTEST"] {
        drop(engine.restore(key, bytes));
    }
    drop(engine.drain_dirty());
});
