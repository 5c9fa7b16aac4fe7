// SPDX-License-Identifier: GPL-2.0

//! Files of this very node: its server is called directly, without messages, for what is done most.

use kernel::prelude::*;

use super::Client;
use crate::mfs::server::Server;

impl Client {
    /// The server of node `node`, if that is this one.
    pub(super) fn near(&self, node: u16) -> Option<&Server> {
        (self.seat().own_number() == Some(node)).then_some(&*self.server)
    }

    /// Asks the server of node `node`, if that is this one, in the name of the current task. May sleep.
    pub(super) fn ask_near<T>(
        &self,
        node: u16,
        ask: impl FnOnce(&Server) -> Result<T>,
    ) -> Option<Result<T>> {
        let server = self.near(node)?;
        self.forget();
        let answer = ask(server);
        if answer.is_ok() {
            self.charge(node, 0, 0);
        }
        Some(answer)
    }
}
