//! The fleet simulator as a whole: its truth against the golden cases, its fleets, its deliveries.
#[cfg(test)]
mod differential;
#[cfg(test)]
mod files;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod send;
