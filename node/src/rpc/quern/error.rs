// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Why a method has no answer. Codes never change their meaning.

use jsonrpsee::types::{
    error::{INTERNAL_ERROR_CODE, INVALID_PARAMS_CODE},
    ErrorObject, ErrorObjectOwned,
};
use quern_primitives::JobId;
use sc_rpc_api::UnsafeRpcError;

/// There never was such a job.
pub const UNKNOWN_JOB: i32 = 7001;
/// The job is over for so long that only its root is kept.
pub const PRUNED_JOB: i32 = 7002;
/// The chain would refuse the job.
pub const REFUSED_JOB: i32 = 7003;
/// All subscriptions that this node gives are taken.
pub const TOO_MANY_SUBSCRIPTIONS: i32 = 7004;

/// Why a method has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There never was such a job.
    #[error("there is no job {0}")]
    UnknownJob(JobId),
    /// The job is over for so long that only its root is kept.
    #[error("job {0} completed and its details are removed; quern_receipt still gives its root")]
    PrunedJob(JobId),
    /// The chain would refuse the job.
    #[error("the job would be refused: {}", in_words(.0))]
    RefusedJob(String),
    /// All subscriptions that this node gives are taken.
    #[error("this node follows {0} jobs already; poll quern_job, or run a node of your own")]
    TooManySubscriptions(usize),
    /// All subscriptions that this node gives to one connection are taken.
    #[error("this connection follows {0} jobs already; end one, poll quern_job, or connect once more")]
    TooManyOfConnection(usize),
    /// A parameter cannot be used.
    #[error("{name}: {reason}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The runtime did not answer.
    #[error("the runtime of the best block did not answer: {0}")]
    Runtime(#[from] sp_api::ApiError),
    /// The method is not for everybody.
    #[error("{0}")]
    Unsafe(UnsafeRpcError),
}

impl Error {
    /// A parameter cannot be used.
    pub fn parameter(name: &'static str, reason: impl ToString) -> Self {
        Self::Parameter { name, reason: reason.to_string() }
    }
}

/// A refusal with its place in words, as the command has it: `InvalidJob(NoSuchTask(At { stage: 0, input: 1 }))` as
/// `InvalidJob(NoSuchTask), stage 0, input 1`.
fn in_words(refusal: &str) -> String {
    match refusal.strip_suffix(" }))").and_then(|refusal| refusal.split_once("(At { ")) {
        Some((fault, place)) => format!("{fault}), {}", place.replace(": ", " ")),
        None => refusal.to_owned(),
    }
}

impl From<Error> for ErrorObjectOwned {
    fn from(error: Error) -> Self {
        let code = match error {
            Error::UnknownJob(_) => UNKNOWN_JOB,
            Error::PrunedJob(_) => PRUNED_JOB,
            Error::RefusedJob(_) => REFUSED_JOB,
            Error::TooManySubscriptions(_) | Error::TooManyOfConnection(_) => TOO_MANY_SUBSCRIPTIONS,
            Error::Parameter { .. } => INVALID_PARAMS_CODE,
            Error::Runtime(_) => INTERNAL_ERROR_CODE,
            Error::Unsafe(error) => return error.into(),
        };
        ErrorObject::owned(code, error.to_string(), None::<()>)
    }
}
