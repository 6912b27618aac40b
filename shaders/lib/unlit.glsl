// Values as colours without any light, as slices and projections show them. Linear RGB.
// Needs channels[], lut_at, label_colors[], colour.glsl, transfer.glsl, scene_planes.

// The colour of an image channel at a texel fraction. With a colour map: the map at x. Without: the channel's colour,
// growing from black with x evenly in sRGB, as ImageJ's tables do.
vec3 unlit_color(int c, float texel) {
    vec4 own = scene_planes.shown[c].color;
    if (own.w < 0.5) return albedo_of(c, texel);
    return srgb_decode(own.rgb * clamp(texel * channels[c].scale + channels[c].bias, 0.0, 1.0));
}

#ifdef HAS_LABELS
// The colour of a dense label id, and how opaque it is.
vec4 label_tint(int c, uint id) {
    if (id == 0u) return vec4(0.0);
    vec4 s = unpackUnorm4x8(label_colors[channels[c].lut_base + int(id)]);
    return vec4(srgb_decode(s.rgb), s.a * channels[c].weight);
}
#endif
