//! Passwords: which are good enough, and their hashes, made on threads of their own.
//!
//! Hashing is slow on purpose (Argon2id, RFC 9106), and whoever asks may be anybody. So there are as many threads as
//! cores, at a lower priority than those that answer calls, each with one block of memory that it uses again and
//! again. Whoever wants something hashed stands in [line](crate::line) before, and a job is skipped when its caller has
//! gone.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use argon2::{
    Argon2, Block, Params,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use aws_lc_rs::{constant_time, rand};
use tokio::sync::oneshot;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use zeroize::Zeroizing;

use crate::{
    Error,
    line::{Line, Place, TooLong, Who},
};

/// Shortest password where it is the only factor, in code points (NIST SP 800-63B-4, 3.1.1.2).
pub const SHORTEST: usize = 15;
/// Longest password, in bytes.
pub const LONGEST: usize = 1024;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// So many wait in line for each thread: about four seconds' worth.
const WAITING: usize = 128;
/// So many have a place for each thread, so that it has work while others are busy with the database.
const PLACES: usize = 4;
/// A stored hash may not ask for more memory than this: one row must not take the machine.
const MOST_KIB: u32 = 64 * 1024;
/// Seconds. What waits is done in about this time.
const RETRY_AFTER: u64 = 4;

/// A password as a person typed it, in normal form; wiped when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Reads a password for a log-in. Whatever could not be anybody's is still hashed, so that it takes as long.
    pub fn typed(text: &str) -> Password {
        // NFC (NIST SP 800-63B-4, 3.1.1.2): the same password from another keyboard is the same.
        Password(Zeroizing::new(text.nfc().collect()))
    }

    /// Reads a password that somebody chooses, who is known by `names` (his own, and the service's).
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence that says what to do.
    pub fn chosen(text: &str, names: &[&str]) -> Result<Password, Error> {
        let invalid = |what: &str| Err(Error::Invalid(format!("`password` {what}")));
        if text.len() > LONGEST {
            return invalid("has at most 1024 bytes");
        }
        let password = Password::typed(text);
        let strange = |c: char| matches!(c.general_category(), GeneralCategory::Control | GeneralCategory::Unassigned);
        if password.0.contains(strange) {
            return invalid("has a control character, or one that does not exist; leave it out");
        }
        if password.0.chars().count() < SHORTEST {
            return invalid(
                "has at least 15 characters; three or four words that do not belong together are easy to keep",
            );
        }
        let known: Vec<&str> =
            names.iter().flat_map(|name| name.split(['@', '.', '/', ':'])).chain(names.iter().copied()).collect();
        let strength = zxcvbn::zxcvbn(&password.0, &known);
        if u8::from(strength.score()) < 4 {
            let why = strength.feedback().and_then(|feedback| feedback.warning()).map(|warning| warning.to_string());
            let why = why.map(|why| format!(" ({})", why.trim_end_matches('.').to_lowercase())).unwrap_or_default();
            return invalid(&format!(
                "is too easy to guess{why}; add a word or two that do not belong to the rest, and leave out names"
            ));
        }
        Ok(password)
    }
}

/// The threads that hash, and the line in front of them.
pub struct Passwords {
    queue: Arc<Queue>,
    line: Arc<Line>,
}

#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    more: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    closed: bool,
}

struct Job {
    password: Password,
    task: Task,
    answer: oneshot::Sender<Result<Answer, Error>>,
}

enum Task {
    Make,
    Compare(String),
    /// The work of a comparison, for nobody.
    Pretend,
}

enum Answer {
    Hash(String),
    Same(bool),
}

impl Passwords {
    /// Starts the threads: as many as the machine has cores, unless somebody says otherwise.
    pub fn start(threads: usize) -> Passwords {
        let queue = Arc::new(Queue::default());
        for n in 0..threads {
            let queue = queue.clone();
            // Without one of them the others go on; without any, every log-in is told that the service is busy.
            let started = thread::Builder::new().name(format!("hashing-{n}")).spawn(move || work(&queue));
            if let Err(error) = started {
                tracing::error!(%error, "a thread for hashing could not be started");
            }
        }
        Passwords { queue, line: Arc::new(Line::new(PLACES * threads, WAITING * threads)) }
    }

    /// Waits for a place before the threads.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait.
    pub async fn place(&self, who: Who) -> Result<Place, Error> {
        self.line.enter(who).await.map_err(|TooLong| Error::Busy(RETRY_AFTER))
    }

    /// The line before the threads.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Hashes a password that was chosen: a PHC string.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait.
    pub async fn hash(&self, password: Password, who: Who) -> Result<String, Error> {
        let place = self.place(who).await?;
        self.hash_at(password, &place).await
    }

    /// The same for whoever has a place already.
    ///
    /// # Errors
    /// [`Error::Internal`] when a hashing thread ended.
    pub async fn hash_at(&self, password: Password, place: &Place) -> Result<String, Error> {
        match self.run(password, Task::Make, place).await? {
            Answer::Hash(hash) => Ok(hash),
            Answer::Same(_) => Err(Error::internal("a hash was asked for and a comparison came")),
        }
    }

    /// Whether a password is the one of this hash. Without a hash the same work is done, and the answer is no.
    ///
    /// # Errors
    /// [`Error::Internal`] when a hashing thread ended.
    pub async fn is_same(&self, password: Password, hash: Option<String>, place: &Place) -> Result<bool, Error> {
        let task = hash.map_or(Task::Pretend, Task::Compare);
        Ok(matches!(self.run(password, task, place).await?, Answer::Same(true)))
    }

    /// Bounded by the places: who has none cannot come here.
    async fn run(&self, password: Password, task: Task, _: &Place) -> Result<Answer, Error> {
        let (answer, answered) = oneshot::channel();
        {
            let mut jobs = lock(&self.queue.jobs);
            // Who has gone has left his place, and perhaps not this.
            jobs.waiting.retain(|job| !job.answer.is_closed());
            jobs.waiting.push_back(Job { password, task, answer });
        }
        self.queue.more.notify_one();
        answered.await.map_err(|_| Error::internal("a hashing thread ended"))?
    }
}

impl Drop for Passwords {
    fn drop(&mut self) {
        lock(&self.queue.jobs).closed = true;
        self.queue.more.notify_all();
    }
}

fn lock(jobs: &Mutex<Jobs>) -> MutexGuard<'_, Jobs> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(queue: &Queue) {
    be_humble();
    // Made by the first job, and then used by every one.
    let mut memory = vec![];
    loop {
        let job = {
            let jobs = queue.more.wait_while(lock(&queue.jobs), |jobs| jobs.waiting.is_empty() && !jobs.closed);
            let mut jobs = jobs.unwrap_or_else(PoisonError::into_inner);
            match jobs.waiting.pop_front() {
                Some(job) => job,
                None => return,
            }
        };
        if !job.answer.is_closed() {
            // One job must not take the thread with it; its memory may be in any state, and is made anew.
            let run = || job.task.run(&job.password, &mut memory);
            let done = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(Error::internal("hashing panicked")));
            if done.is_err() {
                memory = vec![];
            }
            // Who has gone meanwhile does not want it.
            let _ = job.answer.send(done);
        }
    }
}

/// Calls are answered before passwords are hashed, where the system lets a thread say so.
fn be_humble() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::debug!(%error, "the priority of a hashing thread could not be lowered");
    }
}

impl Task {
    fn run(self, password: &Password, memory: &mut Vec<Block>) -> Result<Answer, Error> {
        match self {
            Task::Make => {
                let mut salt = [0; 16];
                rand::fill(&mut salt).map_err(Error::internal)?;
                let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(Error::internal)?;
                let output = argon2id(password, &salt, params.clone(), 32, memory)?;
                let hash = PasswordHash {
                    algorithm: argon2::ARGON2ID_IDENT,
                    version: Some(argon2::Version::V0x13.into()),
                    params: ParamsString::try_from(&params).map_err(Error::internal)?,
                    salt: Some(Salt::new(&salt).map_err(Error::internal)?),
                    hash: Some(Output::new(&output).map_err(Error::internal)?),
                };
                Ok(Answer::Hash(hash.to_string()))
            }
            Task::Compare(stored) => match compare(password, &stored, memory) {
                Ok(same) => Ok(Answer::Same(same)),
                Err(why) => {
                    // A row that we did not write lets nobody in, and somebody should know.
                    tracing::error!(why, "a stored password hash cannot be read");
                    Task::Pretend.run(password, memory)
                }
            },
            Task::Pretend => {
                let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(Error::internal)?;
                argon2id(password, &[0; 16], params, 32, memory)?;
                Ok(Answer::Same(false))
            }
        }
    }
}

fn compare(password: &Password, stored: &str, memory: &mut Vec<Block>) -> Result<bool, &'static str> {
    let stored = PasswordHash::new(stored).map_err(|_| "it is no PHC string")?;
    if stored.algorithm != argon2::ARGON2ID_IDENT || stored.version != Some(argon2::Version::V0x13.into()) {
        return Err("it is not of Argon2id, version 19");
    }
    let params = Params::try_from(&stored).map_err(|_| "its parameters cannot be read")?;
    if params.m_cost() > MOST_KIB || params.t_cost() > 16 {
        return Err("its parameters ask for too much");
    }
    let (Some(salt), Some(hash)) = (stored.salt, stored.hash) else { return Err("salt or hash is missing") };
    let output = argon2id(password, salt.as_ref(), params, hash.len(), memory).map_err(|_| "it cannot be computed")?;
    Ok(constant_time::verify_slices_are_equal(&output, hash.as_bytes()).is_ok())
}

fn argon2id(
    password: &Password,
    salt: &[u8],
    params: Params,
    length: usize,
    memory: &mut Vec<Block>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::default());
    }
    let blocks = params.block_count();
    let hasher = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut output = Zeroizing::new(vec![0; length]);
    let memory = memory.get_mut(..blocks).ok_or_else(|| Error::internal("no memory to hash in"))?;
    hasher.hash_password_into_with_memory(password.0.as_bytes(), salt, &mut output, memory).map_err(Error::internal)?;
    Ok(output)
}
