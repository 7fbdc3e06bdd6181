//! The fleet simulator as a whole: its fleets and their truth, its deliveries.
#[cfg(test)]
mod differential;
#[cfg(test)]
mod files;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod send;
