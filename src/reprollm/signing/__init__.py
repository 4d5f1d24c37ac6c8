"""Signatures and time over checkpoints, and proofs of single records.

| module | what it holds |
| --- | --- |
| `strict64` | base64 in its one canonical spelling |
| `note_key` | Ed25519 keys of signed notes: verifier keys, signing keys |
| `key_file` | where a private note key lies, and who may read it |
| `note` | signed notes: a text, an empty line, signature lines (C2SP signed-note) |
| `wire` | the SSH wire format (RFC 4251, section 5) |
| `ssh_algorithms` | what each type of SSH key looks like, and how it signs |
| `ssh_key` | SSH public keys and what they have signed |
| `sshsig` | SSH signatures over a text, verified without `ssh-keygen` |
| `ssh_keygen` | signing through the program, so that agents and hardware keys work |
| `trusted` | a key that someone names on the command line, whichever kind it is |
| `stamp` | RFC 3161 time stamps and their chains, verified offline |
| `authority` | asking a time-stamping authority, when the user says so |
| `store` | where signatures and keys lie in a ledger |
| `judge` | all signatures of a ledger against its checkpoints |
| `log` | the log's leaves, read from its shards |
| `growth` | that a log still begins with what someone kept of it |
| `proof` | one record in the log, checkable alone (C2SP tlog-proof) |
| `prove` | making that proof from a ledger |
"""
