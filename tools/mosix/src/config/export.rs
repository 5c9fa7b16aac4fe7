// SPDX-License-Identifier: GPL-2.0
//! What a node lets the others do with its files: `export`, `read_only`, `root_squash` and `hidden`, in
//! the table of a node or, for all nodes that do not say it themselves, in that of the cluster.

use super::Source;
use crate::failure::Result;
use mosix_core::control::abi::export::{is_path, is_within, PathRule, Rule, MAX_PATHS};
use serde::{
    de::{value::MapAccessDeserializer, Error, MapAccess, Visitor},
    Deserialize, Deserializer,
};
use std::{fmt, fs, ops::Range, os::unix::ffi::OsStrExt as _, path::Path};
use toml::Spanned;

/// An exported path as written: text, or a table when there is more to say.
#[derive(Clone)]
struct RawExport {
    path: String,
    read_only: Option<bool>,
}

impl<'de> Deserialize<'de> for RawExport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = RawExport;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or a table like { path = \"/data\", read_only = true }")
            }

            fn visit_str<E: Error>(self, path: &str) -> std::result::Result<RawExport, E> {
                let path = path.to_owned();
                let read_only = None;
                Ok(RawExport { path, read_only })
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> std::result::Result<RawExport, A::Error> {
                let table = RawTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawExport {
                    path: table.path,
                    read_only: table.read_only,
                })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// An exported path as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    path: String,
    read_only: Option<bool>,
}

/// The list of exported paths as written.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct RawExports(Vec<Spanned<RawExport>>);

/// What a table says about exports.
#[derive(Clone, Default)]
pub(super) struct Written {
    pub(super) export: Option<RawExports>,
    pub(super) read_only: Option<bool>,
    pub(super) root_squash: Option<bool>,
    pub(super) hidden: Option<Vec<Spanned<String>>>,
}

impl Written {
    /// What holds for a node whose own table says `self`: `cluster` says the rest.
    pub(super) fn or(self, cluster: &Written) -> Written {
        Written {
            export: self.export.or_else(|| cluster.export.clone()),
            read_only: self.read_only.or(cluster.read_only),
            root_squash: self.root_squash.or(cluster.root_squash),
            hidden: self.hidden.or_else(|| cluster.hidden.clone()),
        }
    }
}

/// What a node lets the others do with its files.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Whether user and group 0 of other nodes are nobody there.
    pub root_squash: bool,
    paths: Vec<Place>,
}

/// A path of a policy, and where in the file it was written.
#[derive(Clone, Debug)]
struct Place {
    path: Vec<u8>,
    rule: Rule,
    place: Range<usize>,
}

impl Policy {
    /// Checks what was written for a node; `at` is where its table is. The directory of `key_file` is
    /// always hidden, or the file alone where that would be everything.
    pub(super) fn new(
        source: &Source,
        written: Written,
        at: &Range<usize>,
        key_file: &Path,
    ) -> Result<Self> {
        let rule = |read_only: Option<bool>| match read_only.or(written.read_only) {
            Some(true) => Rule::Read,
            _ => Rule::Write,
        };
        let mut paths = Vec::new();
        match &written.export {
            Some(RawExports(exports)) => {
                for export in exports {
                    let RawExport { path, read_only } = export.get_ref();
                    paths.push(Place::new(source, path, rule(*read_only), export.span())?);
                }
            }
            None => paths.push(Place::new(source, "/", rule(None), at.clone())?),
        }
        for path in written.hidden.iter().flatten() {
            paths.push(Place::new(source, path.get_ref(), Rule::Hide, path.span())?);
        }
        for (index, path) in paths.iter().enumerate() {
            if paths
                .iter()
                .take(index)
                .any(|other| other.path == path.path)
            {
                let message = format!("{} is exported or hidden twice", path.shown());
                return Err(source.failure(&path.place, message));
            }
        }
        let key = match key_file.parent() {
            Some(directory) if directory.parent().is_some() => directory,
            _ => key_file,
        };
        let key = key.as_os_str().as_bytes();
        // One that was written relative to the working directory is found by `settle`.
        if is_path(key)
            && !paths
                .iter()
                .any(|path| path.is_hidden() && path.path == key)
        {
            paths.push(Place {
                path: key.to_vec(),
                rule: Rule::Hide,
                place: at.clone(),
            });
        }
        for below in paths.iter().filter(|path| !path.is_hidden()) {
            let hides = |above: &&Place| above.is_hidden() && is_within(&below.path, &above.path);
            if let Some(above) = paths.iter().find(hides) {
                let message = format!("{} is exported, but {}", below.shown(), above.hidden(key));
                return Err(source.failure(&below.place, message));
            }
        }
        if paths.len() > MAX_PATHS {
            let message = format!("a node exports and hides at most {MAX_PATHS} paths in all");
            return Err(source.failure(at, message));
        }
        paths.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self {
            root_squash: written.root_squash.unwrap_or(false),
            paths,
        })
    }

    /// The paths as the module wants them: without symbolic links, as far as they are there.
    pub fn settle(&mut self, key_file: &Path) {
        let real = |path: &Path| fs::canonicalize(path).ok();
        if let Some(key) = key_file.parent().and_then(real) {
            // The root directory cannot be hidden; the file in it was, by its written name.
            if key.parent().is_some() {
                self.paths.push(Place {
                    path: key.into_os_string().into_encoded_bytes(),
                    rule: Rule::Hide,
                    place: 0..0,
                });
            }
        }
        for place in &mut self.paths {
            let written = Path::new(std::ffi::OsStr::from_bytes(&place.path));
            if let Some(path) = real(written) {
                place.path = path.into_os_string().into_encoded_bytes();
            }
        }
        // Of two rules for what turned out to be one path the stricter one holds.
        self.paths
            .sort_by(|a, b| (&a.path, b.rule as u8).cmp(&(&b.path, a.rule as u8)));
        self.paths.dedup_by(|next, kept| next.path == kept.path);
    }

    /// The paths as the blob has them.
    pub fn rules(&self) -> Vec<PathRule<'_>> {
        self.paths
            .iter()
            .map(|place| PathRule {
                path: &place.path,
                rule: place.rule,
            })
            .collect()
    }

    /// The exported paths that are no directories on this host.
    pub fn missing(&self) -> Vec<String> {
        let there = |place: &&Place| {
            let path = Path::new(std::ffi::OsStr::from_bytes(&place.path));
            !place.is_hidden() && fs::metadata(path).is_err()
        };
        self.paths.iter().filter(there).map(Place::shown).collect()
    }
}

impl Place {
    fn new(source: &Source, path: &str, rule: Rule, place: Range<usize>) -> Result<Self> {
        if !is_path(path.as_bytes()) {
            return Err(source
                .failure(&place, format_args!("\"{}\" is no usable path", path.escape_debug()))
                .cure(
                    "write an absolute path of at most 1023 bytes, without \".\", \"..\" and empty \
                     parts, and without a slash at its end",
                ));
        }
        if rule == Rule::Hide && path == "/" {
            return Err(source
                .failure(&place, "the root directory cannot be hidden")
                .cure("write export = [] to export nothing"));
        }
        Ok(Self {
            path: path.into(),
            rule,
            place,
        })
    }

    fn is_hidden(&self) -> bool {
        self.rule == Rule::Hide
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.path).into_owned()
    }

    /// Why something below it is not seen.
    fn hidden(&self, key: &[u8]) -> String {
        let shown = self.shown();
        if self.path == key {
            format!("{shown}, where the cluster's key is, is always hidden")
        } else {
            format!("{shown} is hidden")
        }
    }
}
