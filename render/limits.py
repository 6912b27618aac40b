"""Every limit in one model: its default and what it bounds. Each is configurable and tested."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """Bounds on what a client or a file may ask for."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    viewport_min_px: int = Field(64, ge=2)
    viewport_max_width_px: int = Field(3840, ge=64)
    viewport_max_height_px: int = Field(2160, ge=64)
    still_max_side_px: int = Field(16_384, ge=1)
    still_max_spp: int = Field(65_536, ge=1)
    http_body_max_bytes: int = Field(1 << 20, ge=1024)
    sdp_max_bytes: int = Field(64 << 10, ge=1024)
    message_max_bytes: int = Field(64 << 10, ge=1024)
    events_per_s: float = Field(240.0, gt=0)
    events_burst: int = Field(480, ge=1)
    malformed_per_s: float = Field(2.0, gt=0)
    malformed_burst: int = Field(120, ge=1)
    channels_max: int = Field(32, ge=1)
    transfer_nodes_max: int = Field(64, ge=2)
    segments_listed_max: int = Field(100_000, ge=1)
    segment_looks_max: int = Field(10_000, ge=1)
    segments_merged_max: int = Field(30_000, ge=1)
    segment_entries_max: int = Field(100_000, ge=1)
    segments_page_max: int = Field(200, ge=1)
    label_table_max_bytes: int = Field(256 << 20, ge=1024)
    lights_max: int = Field(16, ge=1)
    clip_planes_max: int = Field(16, ge=1)
    slices_max: int = Field(16, ge=1)
    environment_max_width_px: int = Field(8192, ge=2)
    environment_max_bytes: int = Field(1 << 30, ge=1024)
    environment_cells_max_height: int = Field(256, ge=1)
    annotations_max: int = Field(10_000, ge=1)
    picks_waiting_max: int = Field(8, ge=1)
    decoded_chunk_max_bytes: int = Field(512 << 20, ge=1 << 20)
    store_timeout_s: float = Field(30.0, gt=0)
    store_retries: int = Field(5, ge=0)
    store_first_delay_s: float = Field(0.2, gt=0)
    sessions_max: int = Field(8, ge=1)
    idle_session_s: float = Field(600.0, gt=0)
    unconnected_offer_s: float = Field(30.0, gt=0)
    wrong_tokens_per_minute: int = Field(5, ge=1)


DEFAULT_LIMITS = Limits()
