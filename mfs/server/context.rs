// SPDX-License-Identifier: GPL-2.0

//! What an operation knows besides its own request, and how it answers.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use zerocopy::{
    Immutable,
    IntoBytes, //
};

use super::{
    client::Client,
    export::{
        Export,
        Object, //
    },
    opens::Open,
    policy::{
        Access,
        Policy, //
    },
    trail::End, //
};
use crate::{
    linux::{
        bytes,
        vfs::path::Path, //
    },
    mfs::wire::{
        attr::{
            Attr,
            Entry, //
        },
        handle::{
            Handle,
            OpenId, //
        }, //
    },
    rpc::{
        frame::Body,
        service::Answer, //
    },
};

/// The surroundings of a request that is executed, in the context of whoever it is for.
pub(super) struct Context<'a> {
    /// What is served.
    pub(super) export: &'a Arc<Export>,
    /// What of it is to be seen and changed.
    pub(super) policy: &'a Policy,
    /// The node that asks.
    pub(super) client: &'a Arc<Client>,
    /// Whether this is the own node's client, in its caller's context. Either way the credentials of the
    /// current task are those of who asks.
    pub(super) is_local: bool,
    /// Where the path has led so far.
    pub(super) end: Option<End>,
}

impl Context<'_> {
    /// The object that `handle` names.
    ///
    /// # Errors
    ///
    /// `ESTALE` if there is none, or this server did not make the handle.
    pub(super) fn object(&self, handle: &Handle) -> Result<Object> {
        match self.end.as_ref().and_then(|end| end.of(handle)) {
            Some(object) => Ok(object.clone()),
            None => self.export.object(self.policy, &self.client.pins, handle),
        }
    }

    /// The object of open file `open`, or, if that is 0, the one that `handle` names, and what may be done
    /// with it.
    ///
    /// # Errors
    ///
    /// As [`Self::object`]; `ESTALE` if there is no such open file.
    pub(super) fn opened_or(&self, open: OpenId, handle: &Handle) -> Result<(Path, Access)> {
        match open.get() {
            0 => {
                let object = self.object(handle)?;
                Ok((object.path, object.access))
            }
            open => {
                let open = self.client.opens.get(open)?;
                Ok((open.file.path(), open.access))
            }
        }
    }

    /// An open file of the client.
    ///
    /// # Errors
    ///
    /// `ESTALE` if there is none of that number.
    pub(super) fn opened(&self, open: OpenId) -> Result<Arc<Open>> {
        self.client.opens.get(open.get())
    }

    /// Attributes of an object as they are now.
    pub(super) fn attr(&self, path: &Path) -> Result<Attr> {
        self.export.attr(path)
    }

    /// The handle of an object.
    ///
    /// # Errors
    ///
    /// Those of [`Export::handle`].
    pub(super) fn handle(&self, object: &Object) -> Result<Handle> {
        self.export.handle(self.policy, &self.client.pins, object)
    }

    /// Whether `handle` stands for `object`, which was just found in a directory that the client has named.
    ///
    /// # Errors
    ///
    /// Those of [`Export::handle`].
    pub(super) fn is(&self, object: &Object, handle: &Handle) -> Result<bool> {
        Export::is(&self.client.pins, object, handle)
    }

    /// Name and attributes of an object.
    pub(super) fn entry(&self, object: &Object) -> Result<Entry> {
        Ok(Entry {
            handle: self.handle(object)?,
            attr: self.attr(&object.path)?,
        })
    }
}

/// An answer that is a struct.
pub(super) fn reply<T: IntoBytes + Immutable>(value: &T) -> Result<Answer> {
    reply_with_data(value, KVVec::new())
}

/// An answer that is a struct and data.
pub(super) fn reply_with_data<T: IntoBytes + Immutable>(
    value: &T,
    data: KVVec<u8>,
) -> Result<Answer> {
    let msg = bytes::concat(&[value.as_bytes()], 0)?;
    Ok(answer(Body { msg, data }))
}

/// An answer that is data.
pub(super) fn data(data: KVVec<u8>) -> Answer {
    answer(Body {
        data,
        ..Body::default()
    })
}

/// An answer that says that it is done.
pub(super) fn done() -> Answer {
    answer(Body::default())
}

fn answer(body: Body) -> Answer {
    Answer {
        status: 0,
        body,
        once: false,
    }
}
