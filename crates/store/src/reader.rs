//! Threads that answer questions while the writer writes.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::backlog::Job;
use crate::error::{ErrorKind, StoreError};
use crate::options::Options;
use crate::sql::{self, Database, Use};

/// How many threads read.
const THREADS: usize = 2;
/// How many questions may wait.
const MOST_WAITING: usize = 1_024;

/// The threads. They end when this is dropped.
#[derive(Clone)]
pub(crate) struct Readers {
    questions: SyncSender<Job>,
}

impl Readers {
    pub(crate) fn start(options: &Options) -> Result<Readers, StoreError> {
        let (questions, waiting) = sync_channel(MOST_WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..THREADS {
            let (options, waiting) = (options.clone(), Arc::clone(&waiting));
            thread::Builder::new()
                .name(format!("store-read-{number}"))
                .spawn(move || answer(&options, &waiting))
                .map_err(|e| StoreError::new(ErrorKind::Operator, e.to_string()))?;
        }
        Ok(Readers { questions })
    }

    pub(crate) fn ask(&self, job: Job) -> Result<(), StoreError> {
        self.questions.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::new(
                ErrorKind::Busy,
                "too many questions to the store wait already",
            ),
            TrySendError::Disconnected(_) => StoreError::closed(),
        })
    }
}

fn answer(options: &Options, waiting: &Mutex<Receiver<Job>>) {
    let mut database: Option<Box<dyn Database>> = None;
    loop {
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(mut job) = next else {
            return;
        };
        for is_last in [false, true] {
            let is_done = match open(&mut database, options) {
                Ok(database) => job(Ok(database), is_last),
                Err(error) => job(Err(&error), is_last),
            };
            if is_done {
                break;
            }
            // It did not work: the connection may be what is wrong.
            database = None;
        }
    }
}

fn open<'a>(
    database: &'a mut Option<Box<dyn Database>>,
    options: &Options,
) -> Result<&'a mut dyn Database, StoreError> {
    match database {
        Some(database) => Ok(database.as_mut()),
        None => Ok(database
            .insert(sql::connect(options, Use::Reading)?)
            .as_mut()),
    }
}
