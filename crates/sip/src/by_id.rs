//! Maps by identifiers that this process makes itself.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Hashes numbers that nobody outside can choose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        // The table uses the highest bits too, and server ids end in a fixed bit.
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// A map by numbers of our own making, such as [`LegId`](crate::LegId): those that are counted or
/// random already need no protection against chosen keys.
pub type ById<K, V> = HashMap<K, V, BuildHasherDefault<Identity>>;
