// From the accumulator to pixels: mean, exposure, tone map, background, guides, sRGB; then RGBA for stills (8 bit, or 16
// with BITS 16) or the planes Y, Cb, Cr for video. The accumulator may be smaller than the picture (while things move): then it is
// enlarged bilinearly (with ENLARGES), after the tone map so that single bright samples do not spread.
//
// Alpha is coverage. The tone map works on the colour of what was hit, radiance / coverage, and blending happens in
// linear light: no dark fringes (premultiplied throughout). Guides are not toned: they lie between the background and
// the volume, and on top of both. With GUIDES only the tiles that guides touch are made, a work group each.
#include "lib/colour.glsl"
#include "lib/developed.glsl"
#include "lib/shown.glsl"
#ifdef GUIDES
#include "generated/guides.glsl"
#include "lib/guides.glsl"
#endif

#ifndef GUIDES
layout(local_size_x = 8, local_size_y = 8) in;
#elif defined(AS_RGBA)
layout(local_size_x = GUIDE_TILE, local_size_y = GUIDE_TILE) in;
#else
// All along x: a software device fills its lanes from there alone.
layout(local_size_x = GUIDE_TILE * GUIDE_TILE / 16) in;
#endif
layout(std430, binding = 11) writeonly buffer PixelBuffer { uint pixels[]; };

uniform ivec2 picture;      // the picture's size
uniform ivec2 size;         // of what is made of it: the picture's, without its last row and column where those are odd
uniform vec3 background;    // linear
uniform int transparent;    // 1: straight alpha, no background (RGBA only)
uniform ivec2 first_pixel;  // of the window in the picture, for the dither's pattern

vec4 at_pixel(ivec2 pixel) {
#ifndef ENLARGES
    return shown(pixel);
#endif
    vec2 p = (vec2(pixel) + 0.5) * vec2(window) / vec2(picture) - 0.5;
    ivec2 base = ivec2(floor(p));
    vec2 f = p - vec2(base);
    return mix(mix(shown(base), shown(base + ivec2(1, 0)), f.x),
               mix(shown(base + ivec2(0, 1)), shown(base + ivec2(1, 1)), f.x), f.y);
}

// Premultiplied: what is at a pixel, over `behind`. c: of the volume there.
vec4 composed(ivec2 pixel, vec4 c, vec4 behind) {
#ifdef GUIDES
    vec4 under, over;
    guides_at(pixel, under, over);
    behind = under + behind * (1.0 - under.a);
    return over + (c + behind * (1.0 - c.a)) * (1.0 - over.a);
#else
    return c + behind * (1.0 - c.a);
#endif
}

vec3 opaque(ivec2 pixel) {
    pixel = min(pixel, size - 1);
    return srgb_encode(composed(pixel, at_pixel(pixel), vec4(background, 1.0)).rgb);
}

// Half a step of noise before rounding hides the bands of dark gradients.
// Source: Jimenez, "Next Generation Post Processing in Call of Duty: Advanced Warfare", 2014 (interleaved gradient noise).
float dither(ivec2 pixel) { return fract(52.9829189 * fract(dot(vec2(pixel), vec2(0.06711056, 0.00583715)))); }

#ifdef AS_RGBA
void main() {
#ifdef GUIDES
    ivec2 pixel = guide_tile_origin() + ivec2(gl_LocalInvocationID.xy);
#else
    ivec2 pixel = ivec2(gl_GlobalInvocationID.xy);
#endif
    if (any(greaterThanEqual(pixel, size))) return;
    vec4 c = at_pixel(pixel);
    vec4 whole = composed(pixel, c, transparent != 0 ? vec4(0.0) : vec4(background, 1.0));
    vec3 rgb = whole.a > 0.0 ? srgb_encode(transparent != 0 ? whole.rgb / whole.a : whole.rgb) : vec3(0.0);
    float alpha = transparent != 0 ? whole.a : 1.0;
    // Where nothing was hit the picture is the background, exactly.
    float noise = c.a > 0.0 ? dither(pixel + first_pixel) : 0.5;
    const float most = float((1 << BITS) - 1);
    uvec4 v = uvec4(uvec3(min(rgb * most + noise, most)), uint(min(alpha * most + 0.5, most)));
#if BITS == 16
    int at = 2 * (pixel.y * size.x + pixel.x);
    pixels[at] = v.r | (v.g << 16u);
    pixels[at + 1] = v.b | (v.a << 16u);
#else
    pixels[pixel.y * size.x + pixel.x] = v.r | (v.g << 8u) | (v.b << 16u) | (v.a << 24u);
#endif
}
#else
// Planes: BT.709 limited range; with BT601 that standard, with FULL_RANGE its full range. Chroma has half of the picture's
// width and height, with FULL_CHROMA all of it. One invocation makes a block of 8 x 2 pixels: 4 words of luma, and one or
// four of each chroma. Strides are multiples of 8 bytes.
#ifdef BT601
const vec3 WEIGHTS = WEIGHTS_601;
#else
const vec3 WEIGHTS = WEIGHTS_709;
#endif
#ifdef FULL_RANGE
const bool IS_FULL_RANGE = true;
#else
const bool IS_FULL_RANGE = false;
#endif

uvec2 chroma_bytes(vec3 c) { return uvec2(min(chroma_of(c, WEIGHTS, IS_FULL_RANGE) + 0.5, 255.0)); }

void main() {
#ifdef GUIDES
    ivec2 block = guide_tile_origin() / ivec2(8, 2);
    block += ivec2(gl_LocalInvocationID.x % (GUIDE_TILE / 8), gl_LocalInvocationID.x / (GUIDE_TILE / 8));
#else
    ivec2 block = ivec2(gl_GlobalInvocationID.xy);
#endif
    ivec2 stride_blocks = ivec2((size.x + 7) / 8, size.y / 2);
    if (any(greaterThanEqual(block, stride_blocks))) return;
    int luma_words = stride_blocks.x * 2;
    int chroma_words = stride_blocks.x;
    uint luma[4] = uint[4](0u, 0u, 0u, 0u);
#ifdef FULL_CHROMA
    uint u[4] = uint[4](0u, 0u, 0u, 0u), v[4] = uint[4](0u, 0u, 0u, 0u);
#else
    uint u_word = 0u, v_word = 0u;
#endif
    for (int i = 0; i < 4; i++) {
        vec3 sum = vec3(0.0);
        for (int j = 0; j < 4; j++) {
            ivec2 o = ivec2(i * 2 + (j & 1), j >> 1);
            vec3 c = opaque(block * ivec2(8, 2) + o);
            sum += c;
            int word = (o.x >> 2) + 2 * o.y;
            uint shift = uint((o.x & 3) * 8);
            luma[word] |= uint(luma_of(c, WEIGHTS, IS_FULL_RANGE) + 0.5) << shift;
#ifdef FULL_CHROMA
            uvec2 each = chroma_bytes(c);
            u[word] |= each.x << shift;
            v[word] |= each.y << shift;
#endif
        }
#ifndef FULL_CHROMA
        uvec2 uv = chroma_bytes(sum * 0.25);
        u_word |= uv.x << uint(i * 8);
        v_word |= uv.y << uint(i * 8);
#endif
    }
    int row = block.y * 2 * luma_words + block.x * 2;
    pixels[row] = luma[0];
    pixels[row + 1] = luma[1];
    pixels[row + luma_words] = luma[2];
    pixels[row + luma_words + 1] = luma[3];
    int u_base = luma_words * size.y;
#ifdef FULL_CHROMA
    int v_base = 2 * u_base;
    for (int word = 0; word < 4; word++) {
        int at = row + (word & 1) + (word >> 1) * luma_words;
        pixels[u_base + at] = u[word];
        pixels[v_base + at] = v[word];
    }
#else
    int v_base = u_base + chroma_words * stride_blocks.y;
    pixels[u_base + block.y * chroma_words + block.x] = u_word;
    pixels[v_base + block.y * chroma_words + block.x] = v_word;
#endif
}
#endif
