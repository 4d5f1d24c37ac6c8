"""Seals of data sets: variants, orders and canaries drawn by lot and committed at birth.

Whether a model was trained on a text cannot be tested by how well it foresees that text alone:
nobody knows how well it would foresee it otherwise. It can be tested where the author leaves
something to chance when the data set is made, and commits to what chance might have given instead:

- *twins*: of several equally valid versions of an item one, drawn by lot, is published;
- *order*: the rows are published in an order drawn by lot;
- *canaries*: random strings are published with the rows, others of the same making are kept back.

To a model that has not seen the published file, what was drawn is like what was not; the p-values
that follow are exact for any model, any item and any number of items. The seal (`seal.json`,
public) commits to all of it with salted hashes, so that neither variants nor seeds can be chosen
once a model's likelihoods are known; the secrets (`secrets.json`, private) hold texts, salts and
seeds, and stay with the author until the tests are done.

To bind an author, the SHA-256 of `seal.json` has to be with somebody else before the data set is
published: in an e-mail, a registry, the description of a DOI, a time stamp, or in the checkpoint of
an experiment's plan, which names it. What a seal does not prove: that the author drew only once
(who seals ten times and publishes the seal he likes best before anybody has its hash has chosen);
that the variants were equally valid in any other sense than by lot, which the tests do not need;
that no other copy of the sealed texts ever left the house, which makes the tests blind, never
falsely positive.

| module | holds |
| --- | --- |
| `draw` | what a seed draws: the choice, the order, the canaries |
| `table` | the rows, and the bytes of the published file |
| `shape` | values read from JSON of outside, held against what they must be |
| `commitments` | what is committed to, and how |
| `seal` | the public file, schema `reprollm/seal/1` |
| `secrets` | the private file, and openings that were published later |
| `writing` | the bytes of both |
| `wish` | what is to be sealed, and what of it is refused |
| `make` | drawing and committing: from rows and versions to the three files |
| `store` | the three files on the disk, in an order that a crash may cut anywhere |
| `check` | defects of data, seal and secrets, a sentence each |
| `candidates` | the texts that the tests of twins and canaries compare |
| `order` | the texts that the test of the order compares |
| `egress` | what must not leave the machine |
"""
