// SPDX-License-Identifier: GPL-2.0

//! What this node's own client asks for most, without messages: the same operations, called directly.
//!
//! All of it is done in the caller's context, with its credentials, umask and limits, and may sleep, also
//! with locks of the client's inodes held; the exception says so.

use kernel::prelude::*;

use super::{
    attrs,
    lookup,
    names,
    open,
    Server, //
};
use crate::{
    linux::vfs::{
        file::File,
        name::Name, //
    },
    mfs::wire::{
        attr::{
            Attr,
            Entry, //
        },
        file::{
            Object,
            Open,
            Opened, //
        },
        handle::{
            Handle,
            OpenId, //
        },
        request::Target, //
    }, //
};

impl Server {
    /// Whether the directory `child` has the mode `mode`, and the name `name` in the directory `dir`, which
    /// the caller may search. If not, this says nothing.
    pub(crate) fn leads(&self, dir: &Handle, name: &[u8], child: &Handle, mode: u16) -> bool {
        let Ok(export) = self.export() else {
            return false;
        };
        export.leads(&export.policy(), dir, name, child, mode)
    }

    /// Whether `handle` is that of the root of what is served. If not, this says nothing.
    pub(crate) fn is_root(&self, handle: &Handle) -> bool {
        let Ok(export) = self.export() else {
            return false;
        };
        export.is_root(&export.policy(), handle)
    }

    /// What has the name `name` in `dir`.
    ///
    /// # Errors
    ///
    /// `ENOENT`, and those of the request.
    pub(crate) fn lookup(&self, dir: &Handle, name: &[u8]) -> Result<Entry> {
        self.as_own(|ctx| {
            let dir = ctx.object(dir)?;
            let object = lookup::child(&ctx, &dir, &Name::new(name)?)?.ok_or(ENOENT)?;
            ctx.entry(&object)
        })
    }

    /// Attributes of what has the name `name` in `dir`, if that is `expect`.
    ///
    /// # Errors
    ///
    /// Those of the request.
    pub(crate) fn revalidate(
        &self,
        dir: &Handle,
        name: &[u8],
        expect: &Handle,
    ) -> Result<Option<Attr>> {
        self.as_own(|ctx| {
            let dir = ctx.object(dir)?;
            match lookup::child(&ctx, &dir, &Name::new(name)?) {
                Ok(Some(object)) if ctx.is(&object, expect)? => ctx.attr(&object.path).map(Some),
                Ok(_) => Ok(None),
                Err(error) if error == ENOENT => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    /// Attributes of an object.
    ///
    /// # Errors
    ///
    /// Those of the request.
    pub(crate) fn getattr(&self, of: &Object) -> Result<Attr> {
        self.as_own(|ctx| attrs::attr(&ctx, of))
    }

    /// Opens, and gives the real file, too, if the object is one that is opened.
    ///
    /// # Errors
    ///
    /// Those of the request.
    pub(crate) fn open(&self, how: &Open, target: Target<'_>) -> Result<(Opened, Option<File>)> {
        self.as_own(|ctx| {
            let (opened, open) = open::open_file(&ctx, how, target)?;
            Ok((opened, open.map(|open| open.file.clone())))
        })
    }

    /// Closes. If it cannot be done now it is done when this node leaves the cluster.
    pub(crate) fn release(&self, open: OpenId) {
        let _ = self.as_own(|ctx| open::close(&ctx, open));
    }

    /// Removes a name.
    ///
    /// # Errors
    ///
    /// Those of the request.
    pub(crate) fn remove(&self, dir: &Handle, name: &[u8], directory: bool) -> Result {
        self.as_own(|ctx| names::remove(&ctx, dir, name, directory))
    }
}
