//! The fleet simulator as a whole: the golden cases against its truth.
#[cfg(test)]
mod golden;
