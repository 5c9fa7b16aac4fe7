// SPDX-License-Identifier: GPL-2.0
//! Bad configurations, given to the real command in a node: refused with the place, cause and cure,
//! and nothing that runs is disturbed.

use anyhow::Result;
use mosix_cluster::{
    mosix::{self, expect_failure, wait_state, CONFIG_FILE, KEY_FILE},
    Node,
};

use crate::attacker::{config, on_scene};

/// Exit status of the command for a bad configuration or key.
const BAD_CONFIG: i32 = 2;

fn refused(node: &Node, words: &[&str]) -> Result<()> {
    expect_failure(&node.exec("mosix up")?, BAD_CONFIG, words)
}

#[test]
fn bad_configurations_are_refused_with_place_and_cure() {
    on_scene("header", |scene| {
        let node = scene.c.node(2);
        let good = config(scene.c);
        let texts = [
            ("[cluster\nname = 3\n".to_owned(), &["cluster.toml:1:"][..]),
            (
                good.text().replace("10.77.0.2", "10.77.0.1"),
                &["cluster.toml:", "nodes 1 and 2 have the same address"],
            ),
            (
                good.text().replace("number = 2", "number = 1"),
                &["cluster.toml:", "1"],
            ),
            (
                good.text().replace("number = 2", "number = 65536"),
                &["1 to 65535"],
            ),
            (
                good.text().replace("number = 2", "number = 2\ncolour = 3"),
                &["colour"],
            ),
            (
                good.text().replace("\"10.77.0.2\"", "\"127.0.0.1\""),
                &["no other node can reach"],
            ),
        ];
        for (text, words) in texts {
            node.put_bytes(text.as_bytes(), 0o644, CONFIG_FILE)?;
            refused(&node, words)?;
        }
        node.sh(&format!("rm {CONFIG_FILE}"))?;
        refused(&node, &[CONFIG_FILE, "mosix init"])?;
        good.set("integrity", "\"header\"").write(&node)?;
        node.sh("mosix up")?;
        scene.check_honest()
    });
}

#[test]
fn a_key_that_is_missing_or_open_to_others_is_refused() {
    on_scene("header", |scene| {
        let node = scene.c.node(2);
        node.sh(&format!("chmod 640 {KEY_FILE}"))?;
        refused(&node, &[KEY_FILE, "0640", &format!("chmod 600 {KEY_FILE}")])?;
        node.sh(&format!("chmod 600 {KEY_FILE}; chown user {KEY_FILE}"))?;
        refused(&node, &[&format!("chown root {KEY_FILE}")])?;
        node.sh(&format!(
            "chown root {KEY_FILE}; mv {KEY_FILE} {KEY_FILE}.away"
        ))?;
        refused(&node, &[KEY_FILE, "mosix init"])?;
        node.sh(&format!(
            "head -c 63 {KEY_FILE}.away >{KEY_FILE}; chmod 600 {KEY_FILE}"
        ))?;
        refused(&node, &["is no key"])?;
        node.sh(&format!("mv {KEY_FILE}.away {KEY_FILE}; mosix up"))?;
        scene.check_honest()
    });
}

#[test]
fn a_node_that_takes_the_number_of_another_is_told_so() {
    on_scene("header", |scene| {
        let node = scene.c.node(2);
        mosix::down(&node)?;
        wait_state(&scene.victim(), 2, "dead")?;
        node.sh("mosix up --node 1")?;
        // Its own address is now what it takes for node 2.
        let status = wait_state(&node, 2, "refused")?;
        let reason = status.peer(2).reason.clone().unwrap_or_default();
        assert!(reason.contains("the node has reached itself"), "{reason}");
        wait_state(&scene.victim(), 2, "refused")?;
        mosix::down(&node)?;
        mosix::up(&node)?;
        wait_state(&node, 1, "alive")?;
        scene.renew_honest()
    });
}
