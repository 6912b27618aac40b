// How noisy the tiles still are: for each of a list of tiles of 16x16 pixels the relative standard error of its picture.
// The variance of a pixel's mean follows from its sums; the tile's error is the root of their mean, over the tile's mean
// luminance, both of what is covered: a tile that a silhouette crosses is judged by the part that shows something. What is nearly black is measured against FLOOR instead, which is where the eye would stop to see it.
// Source: pbrt-v4 section 8.1.2 (variance of an estimate); tiles as units: Dammertz, Hanika, Keller, Lensch, "A Hierarchical
// Automatic Stopping Condition for Monte Carlo Global Illumination", WSCG 2010.
#include "generated/layout.glsl"

layout(local_size_x = 16, local_size_y = 16) in;
layout(rgba32f, binding = 0) uniform readonly image2D accumulator;
layout(rgba32f, binding = 1) uniform readonly image2D moments;
layout(std430, binding = 15) readonly buffer TileBuffer { uint tiles[]; };
layout(std430, binding = 8) writeonly buffer ErrorBuffer { float errors[]; };

uniform ivec2 window;
uniform int first_tile;

const float FLOOR = 0.02;
// Pixels: a tile that shows less counts as one that shows so much, or a grazed corner would never be quiet.
const float LEAST_COVERED = 16.0;

shared vec3 sums[256];  // variance of the mean, luminance, coverage

void main() {
    int index = first_tile + int(gl_WorkGroupID.x);
    ivec2 at = ivec2(tiles[index] & 0xFFFFu, tiles[index] >> 16u) * 16 + ivec2(gl_LocalInvocationID.xy);
    vec3 mine = vec3(0.0);
    if (all(lessThan(at, window))) {
        vec4 color = imageLoad(accumulator, at), m = imageLoad(moments, at);
        float n = max(m.z, 2.0);
        float mean = dot(color.rgb, vec3(0.2126, 0.7152, 0.0722)) / n;
        float variance = max(m.y / n - mean * mean, 0.0) / (n - 1.0);
        // Coverage shows too: a silhouette against a bright background.
        float cover = color.a / n;
        variance = max(variance, 0.25 * cover * (1.0 - cover) / (n - 1.0) * mean * mean);
        mine = vec3(variance, mean, cover);
    }
    int me = int(gl_LocalInvocationIndex);
    sums[me] = mine;
    for (int half_size = 128; half_size > 0; half_size /= 2) {
        barrier();
        if (me < half_size) sums[me] += sums[me + half_size];
    }
    barrier();
    if (me == 0) {
        vec3 sum = sums[0] / max(sums[0].z, LEAST_COVERED);
        errors[index] = sqrt(sum.x) / max(sum.y, FLOOR);
    }
}
