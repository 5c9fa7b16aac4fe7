// SPDX-License-Identifier: GPL-2.0
//! A cluster as a whole: bringing it up, reaching its nodes and its network, taking it down.

use std::{
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    sync::{
        atomic::{AtomicU32, Ordering},
        Arc,
    },
    thread,
    time::Duration,
};

use anyhow::{anyhow, bail, Context, Result};

use crate::{
    accel, icount,
    keeper::{self, Lifeline},
    launch,
    layout::{Dir, Image},
    netns,
    node::{Node, Shared},
    progress::Step,
    spec::{self, Accel, Kernel, Spec},
    state::{self, Condition, State},
};

/// Time for a TCP connection into the cluster.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A running cluster. If this value has brought it up, dropping the value takes it down.
#[derive(Debug)]
pub struct Cluster {
    shared: Arc<Shared>,
    /// Present while the cluster is to end with this value; also while the process lives: the
    /// keeper clears the cluster away when the process dies in whatever way.
    lifeline: Option<Lifeline>,
}

/// The choices for a new cluster.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is started until up is called"]
pub struct Builder {
    name: Option<String>,
    nodes: u8,
    kernel: Kernel,
    mem_mb: Option<u32>,
    delay_ms: u32,
    loss_pct: f64,
    accel: Option<Accel>,
    icount: bool,
    no_nfs_export: Option<u8>,
    pin: bool,
    quiet: bool,
}

impl Builder {
    /// Name of the cluster; by default one that no other process uses.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Number of nodes, 1 to 8 (default 2).
    pub fn nodes(mut self, nodes: u8) -> Self {
        self.nodes = nodes;
        self
    }

    pub(crate) fn node_count(&self) -> u8 {
        self.nodes
    }

    /// Kernel of the nodes (default stock).
    pub fn kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// Memory per node in MiB (default 768, or 1536 with the debug kernel).
    pub fn mem_mb(mut self, mem: impl Into<Option<u32>>) -> Self {
        self.mem_mb = mem.into();
        self
    }

    /// Delay of each packet that leaves a node, in milliseconds.
    pub fn delay_ms(mut self, delay: u32) -> Self {
        self.delay_ms = delay;
        self
    }

    /// Share of packets lost on leaving a node, in per cent.
    pub fn loss_pct(mut self, loss: f64) -> Self {
        self.loss_pct = loss;
        self
    }

    /// Accelerator; by default the one that the probe found to work.
    pub fn accel(mut self, accel: impl Into<Option<Accel>>) -> Self {
        self.accel = accel.into();
        self
    }

    /// Counts the guests' instructions (TCG only; see [`Node::insns`]).
    pub fn icount(mut self, count: bool) -> Self {
        self.icount = count;
        self
    }

    /// Mounts the overlay of one node without index and nfs_export.
    pub fn no_nfs_export(mut self, node: impl Into<Option<u8>>) -> Self {
        self.no_nfs_export = node.into();
        self
    }

    /// Keeps each machine to one processor of the host, in turn: times then vary less.
    pub fn pin(mut self, pin: bool) -> Self {
        self.pin = pin;
        self
    }

    /// Reports no progress.
    pub fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// Boots the cluster; returns when every node executes commands. Leftovers of dead clusters
    /// are cleared away first. On failure, and when interrupted, nothing is left behind.
    pub fn up(self) -> Result<Cluster> {
        if !nix::unistd::geteuid().is_root() {
            bail!("clusters need root, for their private network: run this as root or with sudo");
        }
        Image::find(self.kernel)?;
        state::clear_stale()?;
        let accel = match self.accel {
            Some(accel) => accel,
            None if self.icount => Accel::Tcg,
            None => accel::choose(self.quiet)?,
        };
        let spec = Spec {
            name: self.name.unwrap_or_else(unique_name),
            nodes: self.nodes,
            kernel: self.kernel,
            mem_mb: self.mem_mb.unwrap_or(self.kernel.default_mem()),
            delay_ms: self.delay_ms,
            loss_pct: self.loss_pct,
            accel,
            icount: self.icount,
            no_nfs_export: self.no_nfs_export,
            pin: self.pin,
        };
        spec.validate()?;
        if spec.icount {
            icount::plugin()?;
        }
        let what = format!(
            "cluster \"{}\": booting {} ({} kernel, {} MB each, {accel})",
            spec.name,
            if spec.nodes == 1 {
                "1 node".into()
            } else {
                format!("{} nodes", spec.nodes)
            },
            spec.kernel,
            spec.mem_mb,
        );
        let step = if self.quiet {
            Step::silent()
        } else {
            Step::begin(what)
        };
        let cluster = Cluster::create(&spec)?;
        cluster.boot()?;
        step.done("ready");
        Ok(cluster)
    }
}

impl Cluster {
    /// Choices for a new cluster, with their defaults.
    pub fn builder() -> Builder {
        Builder {
            name: None,
            nodes: 2,
            kernel: Kernel::Stock,
            mem_mb: None,
            delay_ms: 0,
            loss_pct: 0.0,
            accel: None,
            icount: false,
            no_nfs_export: None,
            pin: false,
            quiet: false,
        }
    }

    /// Boots `nodes` nodes with all defaults.
    pub fn up(nodes: u8) -> Result<Self> {
        Self::builder().nodes(nodes).up()
    }

    /// Uses a cluster that is up already; it stays up when the value is dropped.
    pub fn attach(name: &str) -> Result<Self> {
        let dir = Dir::of(name);
        let state = match State::load(&dir) {
            Ok(state) => state,
            Err(_) => {
                bail!("there is no cluster \"{name}\": bring it up with: cluster up --name {name}")
            }
        };
        match state.condition() {
            Condition::Up => Ok(Self { shared: Arc::new(Shared { dir, state }), lifeline: None }),
            Condition::Starting => bail!("cluster \"{name}\" is just being started: wait for that"),
            Condition::Stale => bail!(
                "cluster \"{name}\" is a leftover of a run that died: clear it away with: cluster down --name {name}"
            ),
        }
    }

    fn create(spec: &Spec) -> Result<Self> {
        let mut state = State::claim(spec)?;
        let lifeline = keeper::start(&mut state).inspect_err(|_| {
            let _ = state::tear_down(&spec.name);
        })?;
        Ok(Self {
            shared: Arc::new(Shared {
                dir: Dir::of(&spec.name),
                state,
            }),
            lifeline: Some(lifeline),
        })
    }

    fn boot(&self) -> Result<()> {
        self.for_each_node(|node| {
            launch::make_disks(node.dir(), node.number())?;
            launch::start(node)?;
            node.wait_ready()
        })
    }

    /// Runs `f` for all nodes at once; the first failure, by node number, is the result.
    pub fn for_each_node(&self, f: impl Fn(&Node) -> Result<()> + Sync) -> Result<()> {
        let nodes: Vec<Node> = self.nodes().collect();
        let f = &f;
        thread::scope(|scope| {
            let threads: Vec<_> = nodes
                .iter()
                .map(|node| scope.spawn(move || f(node)))
                .collect();
            let results: Vec<Result<()>> = threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|_| Err(anyhow!("a thread panicked")))
                })
                .collect();
            results.into_iter().collect()
        })
    }

    /// Lets the cluster stay up after this value and this process.
    pub fn detach(&mut self) -> Result<()> {
        match self.lifeline.take() {
            Some(mut lifeline) => lifeline.detach(),
            None => Ok(()),
        }
    }

    /// Takes the cluster down, whoever brought it up.
    pub fn down(mut self) -> Result<()> {
        let result = state::tear_down(self.name());
        self.lifeline = None;
        result.map(drop)
    }

    /// Name of the cluster.
    pub fn name(&self) -> &str {
        &self.shared.state.spec.name
    }

    /// What the cluster is.
    pub fn spec(&self) -> &Spec {
        &self.shared.state.spec
    }

    /// State file's contents.
    pub fn state(&self) -> &State {
        &self.shared.state
    }

    /// Node `number`, from 1.
    ///
    /// # Panics
    /// If the cluster has no such node; see [`Self::find_node`].
    pub fn node(&self, number: u8) -> Node {
        match self.find_node(number) {
            Ok(node) => node,
            Err(error) => panic!("{error}"),
        }
    }

    /// Node `number`, or an error that says which nodes there are.
    pub fn find_node(&self, number: u8) -> Result<Node> {
        if !self.spec().numbers().contains(&number) {
            bail!(
                "cluster \"{}\" has no node {number}: its nodes are 1 to {}",
                self.name(),
                self.spec().nodes
            );
        }
        Ok(Node::new(self.shared.clone(), number))
    }

    /// All nodes in order.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        self.spec()
            .numbers()
            .map(|number| Node::new(self.shared.clone(), number))
    }

    /// Connects from the harness to a node's port over IPv4, as a peer on the same switch.
    pub fn tcp_connect(&self, node: u8, port: u16) -> Result<TcpStream> {
        self.tcp_connect_to(SocketAddr::new(IpAddr::V4(spec::ipv4(node)), port))
    }

    /// Connects from the harness to any address on the switch.
    pub fn tcp_connect_to(&self, address: SocketAddr) -> Result<TcpStream> {
        self.in_network(|| {
            TcpStream::connect_timeout(&address, CONNECT_LIMIT)
                .with_context(|| format!("cannot connect to {address}"))
        })
    }

    /// Listens in the harness on the host's address on the switch, 10.77.0.254.
    pub fn tcp_listen(&self, port: u16) -> Result<TcpListener> {
        let address = (spec::host_addresses().0, port);
        self.in_network(|| {
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address:?}"))
        })
    }

    /// Runs `f` on a thread in the cluster's network: sockets made there belong to it.
    pub fn in_network<T: Send>(&self, f: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        netns::inside(self.shared.state.keeper_pid()?, f)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.lifeline.is_some() {
            if let Err(error) = state::tear_down(self.name()) {
                eprintln!("cluster \"{}\": {error:#}", self.name());
            }
        }
    }
}

/// A name that no other cluster of this or another process has.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    format!(
        "p{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}
