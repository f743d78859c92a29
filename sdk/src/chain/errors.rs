// SPDX-License-Identifier: Apache-2.0
//! The chain's refusals in words: what is wrong, as the runtime documents it, and what to do.

use super::{runtime, ChainError};
use crate::causes;
use subxt::{
    error::{DispatchError, ModuleError},
    ArcMetadata,
};

/// What to do where an extrinsic cannot take the place of another one.
const NUMBER_WAITS: &str =
    "another extrinsic of the account with this number waits already: send it again when it is in a block";

/// Words of a node's pool and of the runtime that are not a pallet's, and what to do.
const PHRASES: [(&str, &str); 10] = [
    ("Inability to pay some fees", "transfer some QRN to the account: it cannot pay the fee"),
    (
        "Funds are unavailable",
        "transfer some QRN to the account, or ask for less: part of what it has may be held or bonded",
    ),
    (
        "outdated",
        "another program sends with this account too: send it again, and let one program at a time use the account",
    ),
    ("Transaction has a bad signature", "use binaries of the same version as the chain's runtime"),
    ("ancient birth block", "it waited for too long: send it again"),
    ("would exhaust the resources of block", "the block is full: send it again a little later"),
    ("priority is too low", NUMBER_WAITS),
    ("priority of the transaction is too low", NUMBER_WAITS),
    ("Immediately Dropped", "the node's pool is full: send it again a little later"),
    ("bad origin", "this needs another origin: that of the administrator, or of nobody"),
];

/// What somebody says, with what to do, where that is known.
pub fn in_words(message: &str) -> String {
    // A phrase may begin the sentence.
    let said = message.to_ascii_lowercase();
    match PHRASES.iter().find(|(phrase, _)| said.contains(&phrase.to_ascii_lowercase())) {
        Some((_, remedy)) => format!("{message}: {remedy}"),
        None => message.to_owned(),
    }
}

/// Why the runtime refused an extrinsic, or the call that a proxy made by it, if this event of its says that it did.
pub(super) fn refused_by(pallet: &str, event: &str, fields: &[u8], metadata: ArcMetadata) -> Result<(), ChainError> {
    let error = match (pallet, event, fields) {
        ("System", "ExtrinsicFailed", error) => error,
        // Its one field is a result: a one, and then the error. The proxy's call succeeds whatever becomes of the call within.
        ("Proxy", "ProxyExecuted", [1, error @ ..]) => error,
        _ => return Ok(()),
    };
    let malformed = |_| ChainError::Malformed(format!("{pallet}.{event}"));
    Err(ChainError::Refused(match DispatchError::decode_from(error, metadata).map_err(malformed)? {
        DispatchError::Module(module) => of_module(&module),
        other => in_words(&causes::told(&other)),
    }))
}

/// The error of a pallet: its name in full (what it carries says where), its words, and the remedy.
fn of_module(module: &ModuleError) -> String {
    let named = module.as_root_error::<runtime::Error>().map(|named| format!("{named:?}"));
    let name = match named.as_deref().map(|named| named.split_once('(')) {
        Ok(Some((pallet, error))) => format!("{pallet}::{}", error.strip_suffix(')').unwrap_or(error)),
        _ => module.details_string(),
    };
    let shown = placed(&name);
    let Ok(details) = module.details() else { return shown };
    let (pallet, error) = (details.pallet.name(), details.variant.name.as_str());
    let said = details.variant.docs.join(" ");
    match of_fault(&name, error).or_else(|| remedy(pallet, error)) {
        Some(remedy) => format!("{shown}: {} What to do: {remedy}", said.trim()),
        None => format!("{shown}: {}", said.trim()),
    }
}

/// An error as code writes it, with its place in words: `InvalidJob(NoSuchTask(At { stage: 0, input: 1 }))` as
/// `InvalidJob(NoSuchTask), stage 0, input 1`.
fn placed(name: &str) -> String {
    let Some((error, place)) = name.split_once(" { ") else { return name.to_owned() };
    let Some((place, _)) = place.split_once(" }") else { return name.to_owned() };
    let error = error.strip_suffix("(At").unwrap_or(error);
    let open = error.matches('(').count().saturating_sub(error.matches(')').count());
    format!("{error}{}, {}", ")".repeat(open), place.replace(": ", " "))
}

/// What to do about the fault that an error carries: such an error is as precise as its fault.
fn of_fault(name: &str, error: &str) -> Option<&'static str> {
    let (_, inner) = name.split_once('(')?;
    remedy(error, inner.split(|c: char| !c.is_alphanumeric()).next()?)
}

/// Why a job would be refused, as the runtime's `dry_quote` says it (`InvalidJob(NoBid)`), with what to do.
pub(super) fn of_quote(said: String) -> ChainError {
    let error = said.split('(').next().unwrap_or("");
    let remedy = of_fault(&said, error).or_else(|| remedy("Jobs", error));
    let shown = placed(&said);
    ChainError::Refused(remedy.map_or_else(|| in_words(&shown), |remedy| format!("{shown}. What to do: {remedy}")))
}

/// What to do about an error of a pallet, or about a fault that such an error carries (`of` is then the error's name).
pub fn remedy(of: &str, name: &str) -> Option<&'static str> {
    Some(match (of, name) {
        ("Jobs", "InvalidProgram") => "look at it with `quern program inspect`, which names the fault and the place",
        ("Jobs", "AlreadyPublished") => "nothing: use it by its id",
        ("Jobs", "InvalidJob") => "look at the stage and the input that it names",
        ("Jobs", "TooManyOpenJobs") => "try again when a job has ended (`quern job list`)",
        ("Jobs", "TooManyJobsOfAccount") => {
            "wait until a job of the account has ended (`quern job list`), or submit from another account"
        }
        ("Jobs", "NoSuchProgram") => "look at its id: it is not published, or given up already",
        ("Jobs", "NotPublisher") => "use the key of the account that published it",
        ("Jobs", "ProgramInUse") => "wait until its jobs have ended and are forgotten, an hour after their end",
        ("Jobs", "NoSuchJob") => {
            "look for its number with `quern job list`; jobs are forgotten some time after their end"
        }
        ("Jobs", "NotRequester") => "use the key of the account that submitted it",
        ("Jobs", "NotOpen") => "nothing: it is over (`quern job list` says how it ended)",
        ("Jobs" | "Verification", "NoSuchShard" | "UnknownShard") => "nothing: its job is over or forgotten",
        ("Jobs", "NoCommits") => "name at least one shard",
        ("Jobs", "AuditsFull") => "send it again in the next period of draws; a daemon does",
        ("Jobs" | "Verification", "WrongPhase") => "nothing: the shard has gone on, or came back, in the meantime",
        ("Jobs" | "Verification", "NotYours") => "use the key of the account that the shard was assigned to or drawn",
        ("Jobs" | "Verification", "TooLate" | "MoveTooLate") => {
            "nothing: the time is over. See that the machine is fast enough, and that its node keeps up"
        }
        ("Jobs", "NoShards") => "name at least one shard",
        ("Jobs", "NotTainted") => "nothing: its results stand (`quern job list`)",
        ("Jobs", "NotOver") => "wait until its shards have ended and their windows have closed (`quern job watch`)",
        ("Jobs", "TooManyForks") => "submit the job anew with `quern job submit`",
        ("Jobs", "NotPaused") => "nothing: it runs, or is over (`quern job watch`)",
        ("Jobs", "NoEndpoints") => "name where its inputs are served, or leave the endpoints as they are",
        ("Jobs", "Refused") => "look at the shard (`quern-worker status`) and send what it waits for",

        ("InvalidProgram", "TooLong" | "TooManyOperators" | "TooManyInputs" | "TooManyConstants" | "TooManyStates") => {
            "split the program into stages, or move constants into inputs"
        }
        ("InvalidProgram", "TooManySteps" | "TooMuchMemory" | "CostOverflow") => {
            "make the tensors smaller or the loop shorter, and use more tasks or stages"
        }
        ("InvalidProgram", "Encoding") => {
            "build it with the SDK or with `quern program assemble`, of the chain's version"
        }
        ("InvalidProgram", "OperatorTooWide") => {
            "split the operator along its longest dimension, so that one element reads less"
        }
        ("InvalidProgram", "InputSize" | "ConstantSize" | "OperatorSize") => {
            "give every tensor at least one element, and fewer"
        }
        ("InvalidProgram", "ConstantLength" | "Loop" | "State" | "Output" | "OperatorValue" | "OperatorType") => {
            "build it with the SDK or with `quern program assemble`, which name the place"
        }

        ("InvalidJob", "NoStages") => "add a stage",
        ("InvalidJob", "NoBid") => "bid more than nothing (`bid`, `--bid`)",
        ("InvalidJob", "BidTooLow") => {
            "bid at least the chain's `min_bid` (`bid`, `--bid`): a thousandth of a QRN per GMAC where genesis says nothing else"
        }
        ("InvalidJob", "TooManyExtraBlocks") => {
            "lengthen deadlines by less (`extra_blocks`, `--extra-blocks`): the chain's `max_extra_blocks` at most"
        }
        ("InvalidJob", "NoEndpoints") => {
            "name a machine that serves the blobs (`endpoints`); `quern job submit` serves them itself"
        }
        ("InvalidJob", "UnknownProgram") => "publish it first; `quern job submit` does when it is given as a file",
        ("InvalidJob", "NoTasks" | "NoShardSize") => "make `tasks` and `shard_size` at least 1",
        ("InvalidJob", "TooManyTasks" | "TooManyShards" | "TooManyLeaves" | "TooManyReadShards") => {
            "use fewer tasks, another `shard_size`, or more jobs"
        }
        ("InvalidJob", "TooManyLeavesToAudit") => "make `shard_size` smaller, or audit a sample",
        ("InvalidJob", "InputCount") => "name as many inputs as the program has (`quern program inspect`)",
        ("InvalidJob", "InputSize") => {
            "give the input as many bytes as the program's tensor has (`quern program inspect`)"
        }
        ("InvalidJob", "BlobTooLong") => "cut the data into several blobs",
        ("InvalidJob", "SliceBeyondBlob") => "use fewer tasks, a smaller stride, or a longer file",
        ("InvalidJob", "ListTooShort") => "list one file for each task",
        ("InvalidJob", "NotEarlier") => "read an earlier stage",
        ("InvalidJob", "TasksDiffer") => "give both stages the same number of tasks, or read `\"all\"` or one task",
        ("InvalidJob", "NoSuchTask") => "name a task that the stage has",
        ("InvalidJob", "ElementAcrossOutputs") => "make the outputs a whole number of elements long",
        ("InvalidJob", "TooWide") => "merge the outputs in more than one stage",
        ("InvalidJob", "CostOverflow") => "ask for less in one job",
        ("InvalidJob", "TooManyCheckpointBytes") => "make `shard_size` smaller, or the program's state",

        ("Collateral", "ZeroAmount") => "name an amount above zero",
        ("Collateral", "NotBonded") => "bond first (`quern stake bond`); to take out there is nothing",
        ("Collateral", "BelowMinimum") => "bond more, or take out everything",
        ("Collateral", "InsufficientFree") => {
            "take out less, or wait until open shards have ended (`quern stake show`)"
        }
        ("Collateral", "TooManyUnbonding") => "take out what has finished unbonding first: `quern stake withdraw`",
        ("Collateral", "NothingToWithdraw") => "wait until it has finished unbonding (`quern stake show`)",
        ("Collateral", "NoSessionKeys") => "give the node session keys first: `quern stake keys`",
        ("Collateral", "CommissionTooHigh") => "name a commission of at most 100 %",
        ("Collateral", "OrderFull") => "bond more than the last candidate has (`quern stake candidates`)",
        ("Collateral", "NotACandidate") => {
            "name an account that `quern stake candidates` lists and that is not chilled"
        }
        ("Collateral", "OwnCandidate") => "bond instead of backing the own account: `quern stake bond`",
        ("Collateral", "BackingFull") => "back it with less, or back another candidate (`quern stake candidates`)",
        ("Collateral", "NoNomination") => "name a candidate that this account backs (`quern stake show`)",
        ("Collateral", "RewardsUnclaimed") => "claim what the candidate has earned first: `quern stake claim --for CANDIDATE`",
        ("Collateral", "NominationTooSmall") => "back it with more, or take out everything",
        ("Collateral" | "Slashing", "NoSuchSlash") => "nothing: it was carried out or cancelled (`quern offence list`)",

        ("Slashing", "NotOffender") => "use the key of the account that the slash is of",
        ("Slashing", "AlreadyAppealed") => "nothing: governance has to decide (`quern offence list`)",
        ("Slashing", "NotAppealed") => "nothing: there is no appeal to decide about",
        ("Slashing", "NotDelayable") => "nothing: a slash can be put off once, and not after an appeal",
        ("Slashing", "NotGuardian") => "use the guardian's key",
        ("Slashing", "DepositTooLow") => "plant with a larger deposit: several times what is locked for the shard",
        ("Slashing", "AlreadyPlanted") => "take another salt",
        ("Slashing", "TooManyPlants") => "open or withdraw plants that came to nothing, or open decoys",
        ("Slashing", "NoSuchPlant") => "check salt, shard, attempt, worker and root; it may be over",
        ("Slashing", "NotPlantable") => "nothing: only the conviction of a worker's result, not an apprentice's, can have been planted",
        ("Slashing", "PlantedTooLate") => "nothing: a plant has to be in a block before its commitment",
        ("Slashing", "StillCounts") => "wait until the shard is issued again, dropped or unpaid; open the plant where it was convicted",
        ("Slashing", "NotExpired") => "wait until it can no longer be opened",

        ("Proxy", "TooMany") => "remove a proxy first",
        ("Proxy", "NotFound" | "NotProxy") => "have the account that owns the stake add this one as its proxy",
        ("Proxy", "Unproxyable" | "NoPermission") => "use the key of the account itself: its proxy may not do this",
        ("Proxy", "Duplicate") => "nothing: it is a proxy already",
        ("Proxy", "Unannounced") => "announce the call first, and wait as long as the proxy says",
        ("Proxy", "NoSelfProxy") => "name another account as the proxy",

        ("Workers", "AlreadyRegistered") => {
            "nothing, if the role is right; else `quern stake retire` first, or use another account"
        }
        ("Jobs", "CannotPayShardFee") => {
            "transfer some QRN to the account; `quern job submit --quote-only` shows what is burned for the shards beside what is held"
        }
        ("Jobs", "CannotHoldPlaceDeposit") => {
            "fund the account, or try again when fewer jobs are open: the quote shows what is held for the job's place until it is closed"
        }
        ("Workers", "NotRegistered") => "start a daemon with this account: it registers it",
        ("Workers", "BondTooLow") => "bond more: `quern stake bond`, or `--bond` of the daemon",
        ("Workers", "RegistryFull") => "try again when somebody has left (`quern worker list`), or have one make room whose bond is below the minimum: `quern worker evict`",
        ("Workers", "BondSuffices" | "PlacesLeft" | "NoBondNeeded") => {
            "only accounts whose bond is below the minimum make room, and only when all places are taken"
        }
        ("Workers", "NotAWorker") => "use an account that is registered as a worker",
        ("Workers", "TooManySlots") => "offer fewer with `--slots`",
        ("Workers", "Barred") => "use another account, or register this one anew when its open shards have ended",
        ("Workers", "Retiring") => "wait until its open shards have ended, then register anew",
        ("Workers", "OpenShards") => "wait until its open shards have ended (`quern-worker status`)",
        ("Workers", "EnrolInstead") => {
            "start `quern-worker run --apprentice`, or register as worker or validator with a bond"
        }
        ("Workers", "EnrolmentRefused") => {
            "look whether it is registered (`quern worker list`); else try again in a later block or era"
        }

        ("Rewards", "NothingToClaim") => "nothing: earn something first (`quern stake show`)",
        ("Rewards", "NotPayable") => "transfer some QRN to the account, so that it exists, and claim again",
        ("Rewards", "EraNotFinished") => "wait until the era has ended (`quern explain`)",
        ("Rewards", "EraExpired") => {
            "nothing: what is not claimed in time is never minted; claim sooner (`quern stake claim`)"
        }

        ("Verification", "UnknownDispute") => "nothing: it is decided",
        ("Verification", "TooManyDisputes") => "try again when one is decided",
        ("Verification", "Full") => "try again when one of them is decided or answered",
        ("Verification", "WrongBond") => "send it again: the bond that a challenge asks for has changed",
        ("Verification", "NoBond") => "bond more: `quern stake bond`",
        ("Verification", "DemandPrice") => "look at what an id of the shard costs now, and ask again with that",
        ("Verification", "CannotPay") => "have more that is free: what is bonded or held does not count",
        ("Verification", "NoSuchLeaf") => "name a position below the number of leaves of the shard",
        ("Verification", "Duplicate") => "nothing: it was done before",
        ("Verification", "NothingDue" | "MoveNotDue") => "wait until the deadline has passed",
        ("Verification", "WrongMove" | "NotYourMove") => {
            "nothing: the other party is to move, or the dispute has gone on"
        }
        ("Verification", "RightLength") => "show the element that differs instead",
        ("Verification", "BadDraw" | "NotSampled") => "nothing: the chain draws again by itself",
        (
            "Verification",
            "ProofsTooLong" | "WrongIdCount" | "SealMismatch" | "DigestMismatch" | "NoSuchSegment" | "WrongStart"
            | "LeafMismatch" | "TraceLength" | "StateMismatch" | "ResultMismatch" | "NoSuchElement" | "NotShown"
            | "NoSuchRead" | "NotProven" | "ReadOutOfRange" | "LinkKind" | "LinkId" | "ProofTruncated"
            | "ProofTrailing" | "ProofMismatch" | "ProofPastEnd" | "NoSuchNode" | "SingleChunk" | "SubtreeCount"
            | "ChunkLength" | "IdMismatch" | "TraceForm" | "PartCount",
        ) => "see that daemon and chain are of the same version, and that the data folder is the one it promised from",

        ("Balances", "InsufficientBalance" | "Expendability" | "LiquidityRestrictions" | "DeadAccount") => {
            "transfer some QRN to the account, or ask for less: part of what it has may be held or bonded"
        }
        ("Balances", "ExistentialDeposit") => "transfer more: an account must hold at least the existential deposit",
        ("Balances", "TooManyHolds" | "TooManyReserves" | "TooManyFreezes") => {
            "end something that money is held for first"
        }
        ("Balances", "VestingBalance" | "ExistingVestingSchedule" | "IssuanceDeactivated" | "DeltaZero") => {
            "ask for another amount; this chain does not do that"
        }
        ("Sudo", "RequireSudo") => "use the administrator's key",
        ("Session", "NoKeys" | "NoAssociatedValidatorId" | "NoAccount") => "bond the account as a validator first",
        ("Session", "InvalidProof" | "DuplicatedKey") => {
            "make new keys with `author_rotateKeys` of this node, for this account"
        }
        ("Utility", "TooManyCalls") => "send the calls in smaller batches",
        ("System", "CallFiltered") => {
            "use the key of the account itself, if this was its hot key: that may not do this"
        }
        ("System", "MultiBlockMigrationsOngoing") => "wait until the chain's upgrade is complete",
        (
            "System",
            "InvalidSpecName"
            | "SpecVersionNeedsToIncrease"
            | "FailedToExtractRuntimeVersion"
            | "NothingAuthorized"
            | "Unauthorized",
        ) => "authorise a runtime of this chain with a higher spec_version first",
        ("System", "NonDefaultComposite" | "NonZeroRefCount" | "InvalidTask" | "FailedTask") => "use another account",
        (
            "Babe" | "Grandpa",
            "InvalidEquivocationProof" | "InvalidKeyOwnershipProof" | "DuplicateOffenceReport" | "InvalidConfiguration",
        ) => "nothing: the report is wrong, or was made before",
        ("Grandpa", "PauseFailed" | "ResumeFailed" | "ChangePending" | "TooSoon") => {
            "try again when the change under way is done"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use subxt::Metadata;

    fn metadata() -> Metadata {
        Metadata::decode_from(include_bytes!("../../metadata.scale")).expect("the committed metadata is readable")
    }

    #[test]
    fn every_error_of_the_chain_should_have_words_and_a_remedy() {
        let metadata = metadata();
        let (mut seen, mut missing) = (0, Vec::new());
        for pallet in metadata.pallets() {
            for variant in pallet.error_variants().unwrap_or_default() {
                seen += 1;
                if variant.docs.concat().trim().is_empty() {
                    missing.push(format!("{}::{} has no documentation", pallet.name(), variant.name));
                }
                if remedy(pallet.name(), &variant.name).is_none() {
                    missing.push(format!("{}::{}", pallet.name(), variant.name));
                }
                for field in &variant.fields {
                    let Some(ty) = metadata.types().resolve(field.ty.id) else { continue };
                    let scale_info::TypeDef::Variant(faults) = &ty.type_def else { continue };
                    for fault in &faults.variants {
                        seen += 1;
                        if remedy(&variant.name, &fault.name).is_none() {
                            missing.push(format!("{}({})", variant.name, fault.name));
                        }
                    }
                }
            }
        }
        assert!(missing.is_empty(), "sdk/src/chain/errors.rs has no remedy for {missing:#?}");
        assert!(seen > 50, "the metadata has only {seen} errors");
    }

    #[test]
    fn quote_should_name_the_remedy_when_the_job_would_be_refused() {
        let told = |said: &str| of_quote(said.to_owned()).to_string();
        assert_eq!(
            told("InvalidJob(NoBid)"),
            "refused: InvalidJob(NoBid). What to do: bid more than nothing (`bid`, `--bid`)"
        );
        let of_input = told("InvalidJob(InputSize(At { stage: 0, input: 1 }))");
        assert!(
            of_input.ends_with("give the input as many bytes as the program's tensor has (`quern program inspect`)")
        );
        assert!(of_input.starts_with("refused: InvalidJob(InputSize), stage 0, input 1. What to do"), "{of_input}");
        assert_eq!(placed("Jobs::InvalidJob(NoTasks { stage: 2 })"), "Jobs::InvalidJob(NoTasks), stage 2");
        assert_eq!(placed("InvalidJob(NoBid)"), "InvalidJob(NoBid)");
        assert_eq!(told("Unheard"), "refused: Unheard");
    }

    #[test]
    fn message_of_the_pool_should_name_the_remedy_when_it_is_known() {
        let message = "Invalid Transaction: Inability to pay some fees (e.g. account balance too low)";
        assert!(in_words(message).starts_with(message));
        assert!(in_words(message).ends_with("transfer some QRN to the account: it cannot pay the fee"));
        assert_eq!(in_words("something else"), "something else");
        // As the two interfaces of a node say it.
        for message in
            ["Priority is too low: (5 vs 5)", "The priority of the transaction is too low (pool 5 > current 5)"]
        {
            assert_eq!(in_words(message), format!("{message}: {NUMBER_WAITS}"));
        }
    }
}
