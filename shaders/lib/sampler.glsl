// Points for the bounded dimensions of a path, keyed by (pixel, sample, dimension), four dimensions a call. For dimensions
// without a bound (delta tracking) there is rng.glsl.
//
// Kind 0: the first four dimensions of the Sobol sequence, again for each group of four ("padded"): in each group the
// order of the points is shuffled and each dimension is scrambled, both nested and uniformly (Owen), alike in all pixels.
// From pixel to pixel the points are shifted on the torus by blue-noise masks, moved by another offset for each group.
// So the sequence of a pixel is progressive, good at any number of samples and best at powers of two; and the errors of
// neighbours differ, which at few samples makes the noise of the picture fine-grained.
// Kind 1: independent numbers (pcg4d).
//
// Sources: Sobol 1967, directions of Joe & Kuo, SIAM J. Sci. Comput. 30, 2008 (new-joe-kuo-6); Burley, "Practical
// Hash-based Owen Scrambling", JCGT 9(4), 2020 (shuffled and scrambled padding; constants of the permutation: N. Vegdahl,
// "Owen Scrambling Based Dithered Blue Noise Sampling", 2021); Cranley & Patterson 1976 (shift); Georgiev & Fajardo,
// "Blue-noise Dithered Sampling", SIGGRAPH Talks 2016.
// Needs rng.glsl and, bound to unit 7, the masks of engine/blue_noise.py. Define SAMPLER_KIND where the kind is known when
// the shader is compiled: it then counts in place of the argument.

layout(binding = 7) uniform usampler2D blue_noise;  // 128 x 128; masks of 16 bits: x | y << 16, z | w << 16

struct Sampler {
    uvec2 pixel;     // in the whole picture
    uint sample_;
    uint seed;
    uint reversed;   // the low 16 bits of the sample index, first bit last
    uint sequence;   // of the seed and the sample index's other bits: 65536 samples on another sequence begins
    uint group;
    int kind;
};

uint sampler_hash(uint x) {  // "lowbias32", C. Wellons 2018
    x = (x ^ (x >> 16u)) * 0x7FEB352Du;
    x = (x ^ (x >> 15u)) * 0x846CA68Bu;
    return x ^ (x >> 16u);
}

// Four dimensions of 16-bit points whose FIRST digit is the LOWEST bit, of an index in plain order (dimensions 0, 1, 2, 3).
// A word holds two dimensions: x | y << 16, z | w << 16.
uvec2 sobol4_reversed(uint index) {
    // Dimension 1's matrix is Pascal's triangle modulo 2, a Kronecker power of (1 1; 0 1): four steps make it.
    uint y = index;
    y ^= (y >> 1u) & 0x5555u;
    y ^= (y >> 2u) & 0x3333u;
    y ^= (y >> 4u) & 0x0F0Fu;
    y ^= (y >> 8u) & 0x00FFu;
    const uint columns[16] = uint[16](
        0x00010001u, 0x00030003u, 0x00040006u, 0x000a0009u, 0x001f0017u, 0x002e003au, 0x00450071u, 0x00c900a3u,
        0x011b0116u, 0x02a40339u, 0x079a0677u, 0x0b6709aau, 0x101e1601u, 0x302d3903u, 0x40417706u, 0xa0c3aa09u);
    uint zw = 0u;
    for (int i = 0; i < 16; i++) zw ^= columns[i] & uint(bitfieldExtract(int(index), i, 1));
    return uvec2(index | (y << 16u), zw);
}

// A permutation in which a bit depends on itself and on lower ones alone: on numbers whose first digit is the lowest bit,
// a nested uniform scramble. What is above the bits that hold a number becomes noise.
uint scramble(uint x, uint seed) {
    x ^= x * 0x3D20ADEAu;
    x += seed;
    x *= (seed >> 16u) | 1u;
    x ^= x * 0x05526C56u;
    x ^= x * 0x53A22864u;
    return x;
}

uvec4 scramble4(uvec4 x, uvec4 seed) {
    x ^= x * 0x3D20ADEAu;
    x += seed;
    x *= (seed >> 16u) | 1u;
    x ^= x * 0x05526C56u;
    x ^= x * 0x53A22864u;
    return x;
}

// Point number `index` (its low 16 bits, reversed) of the sequence `key`: 16 bits each, at the top of the word.
uvec4 sobol4_scrambled(uint reversed_index, uint key) {
    uint index = bitfieldReverse(scramble(reversed_index, key)) >> 16u;
    uvec2 v = sobol4_reversed(index);
    uvec4 seed = key * uvec4(0x9E3779B1u, 0x85EBCA77u, 0xC2B2AE3Du, 0x27D4EB2Fu);
    seed ^= seed >> 15u;
    uvec4 digits = scramble4(uvec4(v.x & 0xFFFFu, v.x >> 16u, v.y & 0xFFFFu, v.y >> 16u), seed);
    uvec2 r = bitfieldReverse((digits.xz << 16u) | (digits.yw & 0xFFFFu));
    return uvec4(r.x << 16u, r.x & 0xFFFF0000u, r.y << 16u, r.y & 0xFFFF0000u);
}

Sampler sampler_make(uvec2 pixel, uint sample_index, uint seed, int kind) {
    uint reversed = bitfieldReverse(sample_index) >> 16u;
    uint sequence = sampler_hash(seed ^ ((sample_index >> 16u) * 0x9E3779B9u));
    return Sampler(pixel, sample_index, seed, reversed, sequence, 0u, kind);
}

// The next four dimensions, each in [0, 1): 24 bits, so that 1 - u is never 0.
vec4 sampler_next4(inout Sampler s) {
    uint group = s.group++;
#ifdef SAMPLER_KIND
    const int kind = SAMPLER_KIND;
#else
    int kind = s.kind;
#endif
    // The dimensions' numbers are not those of rng_next4, nor near them: pcg4d answers inputs that differ in their highest
    // bit alone with numbers that are related, which is enough to shift the mean of a picture by a percent.
    if (kind == 1) {
        uvec4 bits = pcg4d(uvec4(s.pixel, s.sample_ ^ (s.seed * 0x9E3779B9u), 0x7F4A7C15u + group * 0x9E3779B9u));
        return vec4(bits >> 8u) * (1.0 / 16777216.0);
    }
    uint key = sampler_hash(s.sequence + (group + 1u) * 0x9E3779B9u);
    uvec4 point = sobol4_scrambled(s.reversed, key);
    // The offsets of the groups' masks keep away from each other as the points of R2 do (Roberts 2018).
    uvec2 offset = (group * uvec2(0xC13FA9A9u, 0x91E10DA5u) + s.seed * uvec2(0x9E3779B1u, 0x85EBCA77u)) >> 25u;
    uvec2 masks = texelFetch(blue_noise, ivec2((s.pixel + offset) & 127u), 0).xy;
    // Digits below the 16th of Owen's scramble are independent noise.
    uint low = (s.pixel.x * 0x8DA6B343u) ^ (s.pixel.y * 0xD8163841u) ^ (s.sample_ * 0xCB1AB31Fu) ^ key;
    uvec4 below = ((low ^ (low >> 15u)) * uvec4(0x9E3779B1u, 0x85EBCA77u, 0xC2B2AE3Du, 0x27D4EB2Fu)) >> 16u;
    point += uvec4(masks.x << 16u, masks.x & 0xFFFF0000u, masks.y << 16u, masks.y & 0xFFFF0000u) + below;
    return vec4(point >> 8u) * (1.0 / 16777216.0);
}
