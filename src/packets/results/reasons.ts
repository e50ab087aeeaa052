/** What verdicts rest on, as codes, and in words; a code has one meaning, whatever the verdict. */
export const REASONS = {
  "no-twin": "nothing like it came out: not within the window, nor before the other capture ended",
  "ttl-exceeded": "an ICMP error says that its TTL, or hop limit, was used up",
  "ttl-spent": "its TTL, or hop limit, ran out at the host, which forwards no such packet; no ICMP error says so",
  "too-big": "an ICMP error says that it is larger than the next link's MTU, and must not be cut",
  prohibited: "an ICMP error says that a rule forbids it",
  "port-unreachable": "an ICMP error says that nobody listens on its port",
  "host-unreachable": "an ICMP error says that its destination does not answer",
  "no-route": "an ICMP error says that there is no route to its destination",
  "reassembly-timeout": "an ICMP error says that other fragments of its datagram did not come in time",
  "icmp-error": "another ICMP error is about it",
  "link-scope": "one of its addresses is of the link alone: no router forwards it",
  rule: "a trace of the host's firewall shows which rule stopped it",
  "rule-counts": "by the host's rules, one of these stops it, and that one's counter moved by as many",
  "not-forwarded":
    "by the host's settings and routes, it forwards no such packet: what it counts of these moved by as many, or it counts none, and nothing of that changed meanwhile",
  multicast: "it goes to a multicast group",
  broadcast:
    "it goes to what looks like the broadcast address of a network that the NAT has an address of, and nobody answers from there",
  "neighbour-discovery": "it is neighbour discovery, which is never forwarded",
  "to-host": "it goes to the host's own address, or to its end of a tunnel",
  "from-host": "it comes from the host's own address, or from its end of a tunnel",
  "same-link": "both its ends are on one link",
  "between-containers":
    "one container sent its frame to another, by their MAC addresses: the host was not to forward it",
  "reset-untranslated": "it got straight to its neighbour, its translation not undone, and that reset it",
  "host-error": "it is an ICMP error that the host sends about what it does not forward",
  "host-reset": "the host itself reset its connection, instead of passing on what came: it is that, or the reset",
  "neighbour-reset":
    "a container on its link reset its connection, by MAC address, and not the host: it is what that answers, or the reset",
  "host-refuses":
    "the host itself answers what opens a connection to its own address with a reset: a rule rejects it, or nobody listens on its port",
  "end-refuses":
    "whom it goes to on its own link answers what opens a connection with a reset: nobody listens there, or a rule rejects it",
  redirected:
    "conntrack, or the host's rules, say that the host takes its conversation itself, or gives it to a neighbour",
  "no-hop": "TTLs show that its other end is no router away",
  "host-answers": "TTLs show that the host itself answers it",
  "stale-entry":
    "the host forwarded others of its conversation, and took this one: conntrack's entry does not translate it any more",
  "answered-elsewhere": "both its ends speak, and the other capture has none of it",
  proxy: "a proxy on the host takes its bytes, and sends them on in a connection of its own",
  "shown-twice": "its own capture has it once more, in another frame",
  "may-be-copy":
    "its own capture has it once more just beside it, and nothing shows whether it was sent twice, or is shown twice",
  "no-frames": "the other capture has no frames at all",
  "not-begun": "the first frame of the other capture is later",
  ended: "the last frame of the other capture is earlier",
  silence:
    "as far as the other capture was read, it has no frame for far longer than is usual about then, while much passes on this side",
  "frames-lost": "the other capture says that it lost frames about then",
  "capture-edge": "the other capture begins or ends just then: its twin may have been missed",
  "out-of-time": "frames of the other capture that are stamped about then stand out of their time",
  "stamp-leaps": "its own stamp leaps away from those of the frames around it",
  "clock-unknown": "nothing told at that time how the clocks stand to each other",
  "like-out-of-time": "the other capture has its like, with a stamp that does not tell when that passed",
  "like-untimely": "the other capture has its like, too late or too soon to be its twin for certain",
  "may-be-held-up":
    "packets had come to take half the window and more: it may have come out later, as none that entered behind it did sooner; or have entered earlier",
  "router-rewrites": "the router rewrites what would tell its twin",
  "may-be-changed": "another packet of its flow came out then that never came in: it may be this one, changed",
  "may-be-fragments":
    "the other capture has fragments that may be of it: some are missing, too little of them was captured, or no known translation explains them",
  "may-be-pieces":
    "the other side has what may be it in pieces, or several in one (GSO, GRO), and nothing tells the others",
  "cut-short": "too little of it was captured, or of what may be its twin, or of an ICMP error that may be about it",
  "no-header": "its transport header is not all there: it was not captured, or the packet ends before",
  "capture-misses": "a capture misses so much that nothing follows from what it lacks",
  "one-way":
    "the other capture shows (nearly) nothing of its direction so far: it may be of one direction alone, as tcpdump -Q makes it",
  "never-entered": "it came out, and the other capture lacks it where it must have entered",
  "forwarded-unseen": "TTLs, or an answer, show that it was forwarded, and the other capture lacks it",
  "proxy-keeps": "a proxy on the host took it, and nothing like it was sent on",
  "ttl-kept": "the router keeps TTLs, and the other capture has packets that may be its twin",
  "may-go-elsewhere":
    "others to its destination, or of its conversation, seem to take an interface that is not captured, and nothing answers it",
  "routed-elsewhere":
    "by the host's snapshots, the route to its destination leaves, or may leave, by an interface that is not captured: it left there, or was dropped, as a capture there would tell",
  "forwarded-elsewhere":
    "it was forwarded, as an answer or TTLs show, and by the host's snapshots, the route to its destination leaves by an interface that is not captured",
  "may-be-filtered":
    "the other capture has nothing of its kind (IP version, protocol, port, address, length), and maybe lacks others that were forwarded: a filter may have kept it out",
  "no-answer": "nothing shows what became of it: the host may have taken it, or dropped it",
  "in-tunnel": "it carries packets through a tunnel that is not opened, or is a later fragment of what does",
  "forged-host": "it has the host's own address, and a container sent it, by MAC address",
  "may-be-rejected":
    "a reset that came from no router away answers it: by a rule, or as the host has that address and nobody listens",
  "may-be-refused":
    "an ICMP error is about it, or about another packet that is quoted alike; or nothing shows whether the host sent it",
  "may-be-hairpin":
    "a frame of its own side is like it, with other addresses: the host may have turned it round, but too little shows that",
  "translation-gone":
    "another translation has taken the place of its own, or nothing behind it went by that: the host may have forgotten it, and taken the packet itself",
  "not-yet-translated":
    "nothing of its conversation had crossed by then, which began inside, or may have, or by a SYN behind it: the host may have had no translation, and taken it itself",
  "pieces-missing": "it was cut differently, and not all pieces are there, or nothing tells which are its own",
  fragment: "it is a fragment, and not all of its datagram is there on both sides",
  "nothing-paired": "nothing had paired by then, which would tell how the host translates",
  untranslated: "no translation is known of its conversation",
} as const;
export type Reason = keyof typeof REASONS;
