//! A lock on a folder, so that two installers do not change it at the same time.

use std::fs::{File, TryLockError};
use std::io;

/// A lock on an open file, held until this is dropped or the process ends.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Locks the file if no other process holds the lock; `None` if one does.
    ///
    /// # Errors
    /// If the file system does not support locks.
    pub fn try_new(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(cause),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A process that another thread just forked may have the same open file, so closing it here is not sufficient.
        let _ = self.0.unlock();
    }
}
