// What the denoiser's passes hand to each other, packed into one texel of four words, because on a software device the
// loads of a filter are most of its cost; and the weight of a neighbour.
//
//   x  premultiplied colour, RGB9E5 (OpenGL 4.5, 8.5.2, "shared exponent")
//   y  coverage (12 bits, 0..1), depth (12 bits, 512 a unit of length), spread of albedos and normals (a float of 8 bits)
//   z  albedo (3 x 8 bits, 0..1), noise (a float of 8 bits)
//   w  normal (3 x 6 bits, 32 + 31 n; all 32 = none), coverage around (6 bits), depth's tolerance (a float of 8 bits)

struct Cell {
    vec3 rgb;        // premultiplied by coverage
    float coverage;
    float depth;     // of what was hit, unit space; 0 where nothing was
    vec3 albedo;
    float noise;     // standard deviation, see distance_of_colours
    vec3 normal;     // unit vector or 0
    float around;    // coverage of the 3 x 3 pixels around
    float tolerance; // of depth
    float spread;    // of distance_of_guides over the pixels around
};

const float LARGEST_9E5 = 65408.0;  // 511 / 512 * 2^16

uint pack_rgb9e5(vec3 c) {
    c = clamp(c, 0.0, LARGEST_9E5);
    float most = max(c.r, max(c.g, c.b));
    // The exponent of `most` from its bits, then of the step: such that most / step < 511.5.
    int e = max(-16, int(floatBitsToUint(most) >> 23u) - 127) + 1;
    float step_ = uintBitsToFloat(uint(e - 9 + 127) << 23u);
    if (floor(most / step_ + 0.5) > 511.0) {
        step_ *= 2.0;
        e++;
    }
    uvec3 m = uvec3(c / step_ + 0.5);
    return m.r | (m.g << 9u) | (m.b << 18u) | (uint(e + 15) << 27u);
}

vec3 unpack_rgb9e5(uint v) {
    // 2^(e - 15 - 9) by its bits.
    float step_ = uintBitsToFloat(((v >> 27u) + 103u) << 23u);
    return vec3(uvec3(v, v >> 9u, v >> 18u) & 511u) * step_;
}

// A float of 5 bits of exponent and 3 of mantissa, 2^-16 .. 2^15.9; what is smaller becomes 2^-16, as good as 0.
uint pack_float8(float x) {
    return (clamp(floatBitsToUint(max(x, 0.0)) + (1u << 19u), 111u << 23u, (143u << 23u) - 1u) >> 20u) - (111u << 3u);
}

float unpack_float8(uint v) { return uintBitsToFloat((v + (111u << 3u)) << 20u); }

uint pack_normal(vec3 n) {
    uvec3 q = uvec3(n * 31.0 + 32.5);
    return q.x | (q.y << 6u) | (q.z << 12u);
}

// Near to a unit vector, or 0.
vec3 unpack_normal(uint v) { return vec3(uvec3(v, v >> 6u, v >> 12u) & 63u) * (1.0 / 31.0) - 32.0 / 31.0; }

uvec4 pack_cell(Cell c) {
    uint coverage = uint(clamp(c.coverage, 0.0, 1.0) * 4095.0 + 0.5);
    uint depth = uint(clamp(c.depth * 512.0, 0.0, 4095.0) + 0.5);
    uint around = uint(clamp(c.around, 0.0, 1.0) * 63.0 + 0.5);
    uvec3 albedo = uvec3(clamp(c.albedo, 0.0, 1.0) * 255.0 + 0.5);
    return uvec4(pack_rgb9e5(c.rgb), coverage | (depth << 12u) | (pack_float8(c.spread) << 24u),
                 albedo.r | (albedo.g << 8u) | (albedo.b << 16u) | (pack_float8(c.noise) << 24u),
                 pack_normal(c.normal) | (around << 18u) | (pack_float8(c.tolerance) << 24u));
}

Cell unpack_cell(uvec4 v) {
    return Cell(unpack_rgb9e5(v.x), float(v.y & 4095u) * (1.0 / 4095.0), float((v.y >> 12u) & 4095u) * (1.0 / 512.0),
                vec3(uvec3(v.z, v.z >> 8u, v.z >> 16u) & 255u) * (1.0 / 255.0), unpack_float8(v.z >> 24u),
                unpack_normal(v.w), float((v.w >> 18u) & 63u) * (1.0 / 63.0), unpack_float8(v.w >> 24u),
                unpack_float8(v.y >> 24u));
}

// The square of a distance of two premultiplied colours, as what is shown: brightness, and coverage of a background of
// middle brightness. `scale` brings radiance to 1 = white.
float distance_of_colours(vec3 rgb, float coverage, vec3 other_rgb, float other_coverage, float scale) {
    float brightness = dot(rgb - other_rgb, vec3(0.2126, 0.7152, 0.0722)) * scale;
    float covered = 0.5 * (coverage - other_coverage);
    return brightness * brightness + covered * covered;
}

// Albedo and normal as one vector's two parts, so long that a difference of 1 tells two things apart.
const float SPREAD = 6.0;  // by measurement, on volumes and segmentations
const float ALBEDO_WEIGHT = 30.0, NORMAL_WEIGHT = 3.0;

// How little two pixels' guides say that they show one thing, 0 and up. `spread`: the mean square of how much they vary
// around either pixel: what varies says less. What is absent says nothing.
float distance_of_guides(vec3 albedo, vec3 other_albedo, vec3 normal, vec3 other_normal, float spread, float depth,
                         float other_depth, float tolerance) {
    vec3 a = albedo - other_albedo, n = normal - other_normal;
    float d = min(depth, other_depth) > 0.0 ? (depth - other_depth) / tolerance : 0.0;
    return (ALBEDO_WEIGHT * dot(a, a) + NORMAL_WEIGHT * dot(n, n)) / (1.0 + SPREAD * spread) + d * d;
}

// How little two pixels' coverages, each of `samples` samples of the pixels around, are of one thing. Silhouettes have
// no other guide: background has neither depth nor normal. In units of 3 standard deviations of what is hit by chance.
float distance_of_coverage(float around, float other_around, float samples) {
    float d = around - other_around;
    float chance = around * (1.0 - around) + other_around * (1.0 - other_around) + 1.0 / samples;
    return d * d * samples / (9.0 * chance);
}

// Like exp(-x), and cheaper: exactly 0 from 4 on.
float fall_off(float x) {
    x = max(1.0 - 0.25 * x, 0.0);
    x *= x;
    return x * x;
}
