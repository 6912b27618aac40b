// Voxels as boxes of one value, beside the trilinear field of bricks.glsl. g is a grid position inside [0, size].
// Needs bricks.glsl, scene_planes ("generated/planes.glsl").

// The texel fraction of channel c of volume v at g, as rendering.interpolation asks for it.
float intensity_shown_at(int v, int c, vec3 g) {
    ivec3 size = volumes[v].size.xyz;
    return intensity_at(c, size, volumes[v].bricks.xyz, scene_planes.nearest != 0 ? voxel_centre(v, g) : g);
}

#ifdef HAS_LABELS
// The dense label id at g, likewise: of the voxel that holds g, or with smooth boundaries.
uint label_shown_at(int v, int c, vec3 g) {
    ivec3 size = level_size(v);
    g = level_grid(v, g);
    if (scene_planes.nearest == 0) return label_at(c, size, volumes[v].bricks.xyz, g);
    return label_of_voxel(c, size, volumes[v].bricks.xyz, clamp(ivec3(floor(g)), ivec3(0), size - 1));
}
#endif
