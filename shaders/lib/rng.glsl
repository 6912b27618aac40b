// Random numbers keyed by (pixel, sample, dimension): no state is kept between samples, so the order of work and the
// tiling cannot change a picture.
// Source: Jarzynski & Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020: pcg4d.

struct Rng {
    uvec2 pixel;   // in the whole picture
    uint sample_;  // sample index, offset by the seed's hash
    uint dimension;
};

uvec4 pcg4d(uvec4 v) {
    v = v * 1664525u + 1013904223u;
    v.x += v.y * v.w;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v.w += v.y * v.z;
    v ^= v >> 16u;
    v.x += v.y * v.w;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v.w += v.y * v.z;
    return v;
}

Rng rng_make(uvec2 pixel, uint sample_index, uint seed) {
    return Rng(pixel, sample_index ^ (seed * 0x9E3779B9u), 0u);
}

// Four numbers in [0, 1): 24 bits each, so that 1 - u is never 0.
vec4 rng_next4(inout Rng rng) {
    uvec4 bits = pcg4d(uvec4(rng.pixel, rng.sample_, rng.dimension++));
    return vec4(bits >> 8u) * (1.0 / 16777216.0);
}

vec2 rng_next2(inout Rng rng) { return rng_next4(rng).xy; }

float rng_next(inout Rng rng) { return rng_next4(rng).x; }
