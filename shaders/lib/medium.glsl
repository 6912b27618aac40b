// What the media are at a point. Each channel of each volume is a medium of its own.
// Extinctions are per unit length (unit space: the scene's longest side is 1).
// Needs params, volumes[], cuts[], channels[], bricks.glsl, transfer.glsl, labels.glsl.

// Opacity of channel c of volume v at grid position g.
float channel_opacity(int v, int c, vec3 g, out float texel) {
#ifdef HAS_LABELS
    if (STORAGE[c] == 2) {
        uint id = label_at(c, volumes[v].size.xyz, volumes[v].bricks.xyz, g);
        texel = uintBitsToFloat(id);
        return id == 0u ? 0.0 : float(label_colors[channels[c].lut_base + int(id)] >> 24u) * (1.0 / 255.0) * channels[c].weight;
    }
#endif
    texel = intensity_at(c, volumes[v].size.xyz, volumes[v].bricks.xyz, g);
    return opacity_of(c, texel);
}

// Opacity at g, 0 outside of the volume and of the crop box, so that the faces of a cut are surfaces too.
float opacity_or_nothing(int v, int c, vec3 g) {
    if (any(lessThan(g, cuts[v].lo.xyz)) || any(greaterThan(g, cuts[v].hi.xyz))) return 0.0;
    float texel;
    return channel_opacity(v, c, g, texel);
}

// Gradient of channel c's opacity at g per unit length (unit axes); central differences one voxel to each side.
vec3 opacity_gradient(int v, int c, vec3 g, float texel) {
#ifdef HAS_LABELS
    if (STORAGE[c] == 2) {
        uint id = floatBitsToUint(texel);
        return unit_gradient(v, label_gradient(c, volumes[v].size.xyz, volumes[v].bricks.xyz, g, id));
    }
#endif
    vec3 gradient;
    for (int axis = 0; axis < 3; axis++) {
        vec3 h = vec3(axis == 0, axis == 1, axis == 2);
        gradient[axis] = 0.5 * (opacity_or_nothing(v, c, g + h) - opacity_or_nothing(v, c, g - h));
    }
    return unit_gradient(v, gradient);
}

vec3 albedo_at(int c, float texel) {
#ifdef HAS_LABELS
    if (STORAGE[c] == 2) {
        vec3 s = unpackUnorm4x8(label_colors[channels[c].lut_base + int(floatBitsToUint(texel))]).rgb;
        return srgb_decode(s);
    }
#endif
    return albedo_of(c, texel);
}
