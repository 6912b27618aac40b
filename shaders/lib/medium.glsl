// What the media are at a point. Each channel of each volume is a medium of its own.
// Extinctions are per unit length (unit space: the scene's longest side is 1).
// Needs params, volumes[], cuts[], channels[], bricks.glsl, transfer.glsl, labels.glsl; with HAS_PLANES clip.glsl.

// The least mean free path: opacities above this change nothing (rendering.extinction_cap).
// It is so many voxels as they are drawn here.
float cap_of(int v) {
#ifdef PAGED
    return cuts[v].hi.w * (volumes[v].voxel_unit / voxel_edge(v));
#else
    return cuts[v].hi.w;
#endif
}
float capped(int v, float opacity) { return min(opacity, cap_of(v)); }

// Opacity of channel c of volume v at grid position g, without the factor of its gradient.
float base_opacity(int v, int c, vec3 g, out float texel) {
#ifdef NEAREST
    // Voxels are boxes of one value: filtering at a voxel's centre weighs that voxel alone.
    g = voxel_centre(v, g);
#endif
#ifdef HAS_LABELS
    if (STORAGE_OF(c) == 2) {
        uint id = label_at(c, level_size(v), volumes[v].bricks.xyz, level_grid(v, g));
        texel = uintBitsToFloat(id);
        return label_opacity(v, c, g, id);
    }
#endif
    texel = intensity_at(c, volumes[v].size.xyz, volumes[v].bricks.xyz, g);
    return opacity_of(c, texel);
}

// The six neighbours of a voxel, for central differences.
vec3 neighbour(int i) {
    float side = (i & 1) == 0 ? 1.0 : -1.0;
    return vec3(i < 2 ? side : 0.0, i >= 2 && i < 4 ? side : 0.0, i >= 4 ? side : 0.0);
}

#ifdef HAS_GRADIENT_OPACITY
// The factor by which the change of the window fraction x over one voxel scales channel c's opacity.
float gradient_factor(int v, int c, vec3 g) {
    if (channels[c].gradient_base < 0) return 1.0;
    vec3 change = vec3(0.0);
    for (int i = 0; i < 6; i++) {
        vec3 side = neighbour(i);
        vec3 at = clamp(g + side * voxel_steps(), vec3(0.0), vec3(volumes[v].size.xyz));
        float texel = intensity_at(c, volumes[v].size.xyz, volumes[v].bricks.xyz, at);
        change += side * clamp(texel * channels[c].scale + channels[c].bias, 0.0, 1.0);
    }
    float x = min(length(change) * 0.5, 1.0);
    return gradient_lut[channels[c].gradient_base + int(x * float(GRADIENT_LUT_SIZE - 1) + 0.5)];
}
#endif

// Opacity of channel c of volume v at grid position g.
float channel_opacity(int v, int c, vec3 g, out float texel) {
    float opacity = base_opacity(v, c, g, texel);
#ifdef HAS_GRADIENT_OPACITY
    if (opacity > 0.0 && STORAGE_OF(c) != 2) opacity *= gradient_factor(v, c, g);
#endif
    return capped(v, opacity);
}

// Whether g is inside of the volume and of the crop box.
bool is_kept(int v, vec3 g) { return all(greaterThanEqual(g, cuts[v].lo.xyz)) && all(lessThanEqual(g, cuts[v].hi.xyz)); }

#ifdef HAS_PLANES
// The clip plane that g is nearest to, when that is less than a voxel: what lies there is the face of a cut.
bool cut_face(int v, int c, vec3 g, out vec3 normal) {
    float edge = voxel_edge(v), nearest = edge;
    normal = vec3(0.0);
    if (channels[c].clipped == 0) return false;
    vec3 p = unit_from_grid(v, g);
    for (int i = 0; i < scene_planes.clip_count; i++) {
        float left = scene_planes.clip[i].w - dot(scene_planes.clip[i].xyz, p);
        if (left < nearest) {
            nearest = left;
            normal = scene_planes.clip[i].xyz;
        }
    }
    return nearest < edge;
}
#endif

// Opacity at g for shading: without the cap, so that gradients stay, and 0 where nothing is kept, so that the faces of the
// crop box are surfaces too.
float opacity_or_nothing(int v, int c, vec3 g) {
    if (!is_kept(v, g)) return 0.0;
    float texel;
    float opacity = base_opacity(v, c, g, texel);
#ifdef HAS_GRADIENT_OPACITY
    if (opacity > 0.0 && STORAGE_OF(c) != 2) opacity *= gradient_factor(v, c, g);
#endif
    return opacity;
}

// Gradient of channel c's opacity at g per unit length (unit axes). On the face of a clip plane it is the plane's, as
// large as a difference between matter and nothing over two voxels.
vec3 opacity_gradient(int v, int c, vec3 g, float texel) {
    vec3 steps = voxel_steps();
#ifdef HAS_PLANES
    vec3 normal;
    if (cut_face(v, c, g, normal)) {
        float opacity = STORAGE_OF(c) == 2 ? 1.0 : opacity_of(c, texel);
        return normal * (-0.5 * opacity / voxel_edge(v));
    }
#endif
#ifdef HAS_LABELS
    if (STORAGE_OF(c) == 2) {
        // The face of a crop through solids is flat, whatever they touch there.
        vec3 face = vec3(0.0);
        for (int i = 0; i < params.gradient_taps; i++) {
            vec3 side = neighbour(i);
            if (is_kept(v, g + side * steps)) face += side;
        }
        if (dot(face, face) > 0.0) return unit_gradient(v, face * 0.5 / steps);
        uint id = floatBitsToUint(texel);
        return unit_gradient(v, label_gradient(c, level_size(v), volumes[v].bricks.xyz, level_grid(v, g), id) / steps);
    }
#endif
    vec3 gradient = vec3(0.0);
    for (int i = 0; i < params.gradient_taps; i++) {
        vec3 side = neighbour(i);
        gradient += side * opacity_or_nothing(v, c, g + side * steps);
    }
    return unit_gradient(v, gradient * 0.5 / steps);
}

vec3 albedo_at(int c, float texel) {
#ifdef HAS_LABELS
    if (STORAGE_OF(c) == 2) {
        vec3 s = unpackUnorm4x8(label_colors[channels[c].lut_base + int(floatBitsToUint(texel))]).rgb;
        return srgb_decode(s);
    }
#endif
    return albedo_of(c, texel);
}
