// SPDX-License-Identifier: Apache-2.0
//! Evidence, made with those blobs of a task's inputs alone that it turns out to read. A requester may name many large ones that a disputed
//! operator has nothing to do with.

use super::{Site, SiteError};
use bytes::Bytes;
use quern_protocol::{
    evidence::EvidenceError,
    inputs::{Link, Origin, Part},
    view::ShardView,
};
use std::borrow::Cow;

/// How evidence asks for the whole blob that a part of an input lies in.
pub(super) type Lookup<'l, 'b> = dyn FnMut(u16, &Part) -> Option<(Link, Cow<'b, [u8]>)> + 'l;

/// Blobs that were asked for, by the input and the part of it.
#[derive(Default)]
struct Blobs(Vec<(u16, Part, Link, Bytes)>);

/// Why evidence is not built yet, or never.
#[derive(Debug)]
enum Need {
    Blob(u16, Box<Part>),
    Nothing(EvidenceError),
}

impl Blobs {
    /// Builds evidence with what is here, or says what is asked for beside it.
    fn build<T>(&self, build: impl for<'b> Fn(&mut Lookup<'_, 'b>) -> Result<T, EvidenceError>) -> Result<T, Need> {
        let mut missing = None;
        let built = build(&mut |slot, part| {
            let held = self.0.iter().find(|(of, held, ..)| *of == slot && held.start == part.start);
            if held.is_none() {
                missing = Some((slot, part.clone()));
            }
            held.map(|(_, _, link, bytes)| (link.clone(), Cow::Borrowed(bytes.as_ref())))
        });
        built.map_err(|error| match missing {
            Some((slot, part)) => Need::Blob(slot, Box::new(part)),
            None => Need::Nothing(error),
        })
    }

    /// A blob that is here for another part: several parts of inputs may lie in one.
    fn shared(&self, part: &Part) -> Option<(Link, Bytes)> {
        let Origin::Blob { blob, .. } = &part.origin else { return None };
        let lies_in = |held: &Part| matches!(&held.origin, Origin::Blob { blob: of, .. } if of == blob);
        self.0.iter().find(|(_, held, ..)| lies_in(held)).map(|(_, _, link, bytes)| (link.clone(), bytes.clone()))
    }

    fn add(&mut self, slot: u16, part: Part, link: Link, bytes: Bytes) {
        self.0.push((slot, part, link, bytes));
    }
}

impl Site {
    /// Builds evidence, and fetches the blobs that it asks for one after the other.
    pub(super) async fn with_blobs<T>(
        &self,
        view: &ShardView,
        build: impl for<'b> Fn(&mut Lookup<'_, 'b>) -> Result<T, EvidenceError>,
    ) -> Result<T, SiteError> {
        let mut blobs = Blobs::default();
        loop {
            match blobs.build(&build) {
                Ok(built) => return Ok(built),
                Err(Need::Nothing(error)) => return Err(error.into()),
                Err(Need::Blob(slot, part)) => {
                    let (link, bytes) = match blobs.shared(&part) {
                        Some(shared) => shared,
                        None => self.part_blob(view, &part).await?,
                    };
                    blobs.add(slot, *part, link, bytes);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use quern_executor::{cpu::CpuExecutor, Executor};
    use quern_primitives::{
        job::{Blob, Input},
        BlobId,
    };
    use quern_program::{DType, ProgramBuilder, Segment, SegmentKind, Tensor};
    use quern_protocol::evidence::Evidence;
    use std::collections::HashMap;

    #[test]
    fn evidence_should_hold_the_blobs_that_the_operator_reads_and_each_once() {
        let mut b = ProgramBuilder::new();
        let [x, y, z] = [(); 3].map(|()| b.input(DType::I32, &[4]));
        let sum = b.add(x, y);
        let output = b.add(sum, z);
        let program = b.build(output).unwrap();

        // Task 0 reads the first sixteen bytes of each; x and y are slices of one blob.
        let [near, far] = [3u8, 5].map(|byte| Bytes::from(vec![byte; 4_096]));
        let blobs: HashMap<BlobId, Bytes> = [&near, &far].map(|bytes| (BlobId::of(bytes), bytes.clone())).into();
        let slice = |bytes: &Bytes| Input::Slice { blob: Blob { id: BlobId::of(bytes), len: 4_096 }, stride: 16 };
        let mut view = testing::running(testing::ME);
        view.context.stage.inputs = vec![slice(&near), slice(&near), slice(&far)].try_into().unwrap();
        let tensors: Vec<Tensor> = [&near, &near, &far]
            .iter()
            .zip(&program.program().inputs)
            .map(|(bytes, ty)| Tensor::new(*ty, bytes.slice(..16)))
            .collect();
        let context = view.context.context(0).at(Segment::Finish);
        let own = CpuExecutor::new().trace(&program, SegmentKind::Finish, &context, &tensors, &[]).unwrap();
        let outputs: Vec<&[u8]> = own.iter().map(|tensor| tensor.bytes.as_ref()).collect();
        let evidence = Evidence {
            program: &program,
            stage: &view.context,
            task: 0,
            segment: Segment::Finish,
            state: &[],
            outputs: &outputs,
        };
        let mut theirs = own[0].bytes.to_vec();
        theirs[9] ^= 1;

        let (mut held, mut fetched) = (Blobs::default(), Vec::new());
        let conviction = loop {
            match held.build(|blob: &mut Lookup<'_, '_>| evidence.convict(0, &theirs, blob)) {
                Ok(conviction) => break conviction,
                Err(Need::Nothing(error)) => panic!("{error}"),
                Err(Need::Blob(slot, part)) => {
                    let (link, bytes) = held.shared(&part).unwrap_or_else(|| {
                        let Origin::Blob { blob, .. } = &part.origin else { panic!("no slice") };
                        fetched.push(blob.id);
                        (Link::Known, blobs[&blob.id].clone())
                    });
                    held.add(slot, *part, link, bytes);
                }
            }
        };
        assert_eq!(fetched, [BlobId::of(&near)], "z is of the next operator");
        let whole = |slot: u16, _: &Part| {
            let bytes = if slot == 2 { &far } else { &near };
            Some((Link::Known, Cow::Borrowed(bytes.as_ref())))
        };
        assert_eq!(conviction, evidence.convict(0, &theirs, whole).unwrap());
    }

    #[test]
    fn evidence_should_say_why_when_no_blob_is_missing() {
        let built = Blobs::default().build(|_: &mut Lookup<'_, '_>| Err::<(), _>(EvidenceError::NothingDiffers));
        assert!(matches!(built, Err(Need::Nothing(EvidenceError::NothingDiffers))));
    }
}
