//! A service under a supervisor: one that gave up is started again, as a deployment would.

use anyhow::Result;

use crate::service::Service;
use crate::stack::Stack;

/// The service.
#[derive(Debug)]
pub struct Kept<'a> {
    stack: &'a Stack,
    name: &'static str,
    service: Service,
    /// How often it was started again.
    pub restarts: usize,
}

impl<'a> Kept<'a> {
    /// Starts a service.
    ///
    /// # Errors
    /// Fails when the binary cannot be started.
    pub fn start(stack: &'a Stack, name: &'static str) -> Result<Self> {
        Ok(Self {
            stack,
            name,
            service: Service::spawn(stack, name)?,
            restarts: 0,
        })
    }

    /// Starts it again if it has ended.
    ///
    /// # Errors
    /// Fails when the binary cannot be started.
    pub fn keep(&mut self) -> Result<()> {
        if self.service.ended()?.is_some() {
            self.service = Service::spawn(self.stack, self.name)?;
            self.restarts += 1;
        }
        Ok(())
    }
}
