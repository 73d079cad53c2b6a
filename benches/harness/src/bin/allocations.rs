//! Prints how many allocations a call of each candidate takes, one number a line.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicU64, Ordering},
};

use bench::in_process::Bench;

/// The system's allocator, counted.
struct Counted;

static COUNT: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

const CALLS: usize = 1000;

fn main() -> anyhow::Result<()> {
    let mut bench = Bench::new(1)?;
    for candidate in 0..bench.candidates.len() {
        bench.turn(candidate, false, CALLS)?;
        let before = COUNT.load(Ordering::Relaxed);
        bench.turn(candidate, false, CALLS)?;
        println!("{:.2}", (COUNT.load(Ordering::Relaxed) - before) as f64 / CALLS as f64);
    }
    Ok(())
}
