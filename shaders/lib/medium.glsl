// What the media are at a point: extinctions of all channels, and which one a collision belongs to.
// Extinctions are per unit length (unit space: the scene's longest side is 1).
// Needs params, volumes[], channels[], bricks.glsl, transfer.glsl, labels.glsl.

// Opacity of channel c of volume v at grid position g.
float channel_opacity(int v, int c, vec3 g, out float texel) {
#ifdef HAS_LABELS
    if (channels[c].storage == 2) {
        uint id = label_at(c, volumes[v].size.xyz, volumes[v].bricks.xyz, g);
        texel = uintBitsToFloat(id);
        return id == 0u ? 0.0 : float(label_colors[channels[c].lut_base + int(id)] >> 24u) * (1.0 / 255.0) * channels[c].weight;
    }
#endif
    texel = intensity_at(c, volumes[v].size.xyz, volumes[v].bricks.xyz, g);
    return opacity_of(c, texel);
}

// The sum over the channels of volume v at g, and the channel in which `pick` (0..sum) falls; -1 when beyond the sum.
float volume_opacity(int v, vec3 g, float pick, out int chosen, out float chosen_texel) {
    int first = volumes[v].bricks.w;
    int last = first + volumes[v].cells.w;
    float sum = 0.0;
    chosen = -1;
    chosen_texel = 0.0;
    for (int c = first; c < last; c++) {
        if (channels[c].weight <= 0.0) continue;
        float texel;
        sum += channel_opacity(v, c, g, texel);
        if (chosen < 0 && pick < sum) {
            chosen = c;
            chosen_texel = texel;
        }
    }
    return sum;
}

// Opacity at g, 0 outside of the volume and of the crop box, so that the faces of a cut are surfaces too.
float opacity_or_nothing(int v, int c, vec3 g, vec3 crop_lo, vec3 crop_hi) {
    if (any(lessThan(g, crop_lo)) || any(greaterThan(g, crop_hi))) return 0.0;
    float texel;
    return channel_opacity(v, c, g, texel);
}

// The crop box in grid coordinates, as far as it is aligned with the grid: its axis-aligned bounds there.
void crop_in_grid(int v, out vec3 lo, out vec3 hi) {
    lo = vec3(0.0);
    hi = vec3(volumes[v].size.xyz);
    vec3 a = vec3(1e30), b = vec3(-1e30);
    for (int i = 0; i < 8; i++) {
        vec3 corner = vec3((i & 1) == 0 ? params.crop_lo.x : params.crop_hi.x,
                           (i & 2) == 0 ? params.crop_lo.y : params.crop_hi.y,
                           (i & 4) == 0 ? params.crop_lo.z : params.crop_hi.z);
        vec3 g = grid_from_unit(v, corner);
        a = min(a, g);
        b = max(b, g);
    }
    lo = max(lo, a);
    hi = min(hi, b);
}

// Gradient of channel c's opacity at g per unit length (unit axes); central differences one voxel to each side.
vec3 opacity_gradient(int v, int c, vec3 g, float texel) {
#ifdef HAS_LABELS
    if (channels[c].storage == 2) {
        uint id = floatBitsToUint(texel);
        return unit_gradient(v, label_gradient(c, volumes[v].size.xyz, volumes[v].bricks.xyz, g, id));
    }
#endif
    vec3 lo, hi;
    crop_in_grid(v, lo, hi);
    vec3 gradient;
    for (int axis = 0; axis < 3; axis++) {
        vec3 h = vec3(axis == 0, axis == 1, axis == 2);
        gradient[axis] = 0.5 * (opacity_or_nothing(v, c, g + h, lo, hi) - opacity_or_nothing(v, c, g - h, lo, hi));
    }
    return unit_gradient(v, gradient);
}

vec3 albedo_at(int c, float texel) {
#ifdef HAS_LABELS
    if (channels[c].storage == 2) {
        vec3 s = unpackUnorm4x8(label_colors[channels[c].lut_base + int(floatBitsToUint(texel))]).rgb;
        return srgb_decode(s);
    }
#endif
    return albedo_of(c, texel);
}
