//! Starting other programs.

use std::io;
use std::time::Duration;

/// Starts a program. Among thousands of starts Wine refuses one now and then with an internal error, and takes it when it is asked again.
pub(crate) fn patiently<T>(mut start: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    const INTERNAL_ERROR: i32 = 1359;
    for _ in 0..5 {
        match start() {
            Err(error) if cfg!(windows) && error.raw_os_error() == Some(INTERNAL_ERROR) => {
                std::thread::sleep(Duration::from_millis(200));
            }
            result => return result,
        }
    }
    start()
}
