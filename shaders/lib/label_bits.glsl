// One of 32 bits for a dense label id, none for 0: sets of labels as masks that may say too much and never too little
// (a Bloom filter with one hash; Bloom, CACM 13(7), 1970). Knuth's multiplicative hash.
uint label_bit(uint id) { return id == 0u ? 0u : 1u << ((id * 2654435761u) >> 27u); }
