"""A WHEP player made of GStreamer: its own ICE (libnice), DTLS, SRTP, jitter buffer and H.264 decoder.

    /usr/bin/python3 gstreamer_player.py URL TOKEN FRAMES [audio]

Run by the system's Python, which has Debian's python3-gi; it imports nothing of Hosta. Posts an offer to the WHEP
address, decodes so many frames, deletes its connection and prints what it saw as JSON. With `audio` it also asks for
sound, as players do.
"""

import json
import sys
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

VIDEO = (
    "application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000,"
    "packetization-mode=(string)1,profile-level-id=(string)42e01f,rtcp-fb-nack-pli=true"
)
AUDIO = "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,encoding-params=(string)2"
LIMIT_S = 15


class Player:
    def __init__(self, url, token, frames, audio):
        self.url, self.token, self.wanted = url, token, frames
        self.lumas, self.size, self.resource, self.failure = [], None, None, None
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.Pipeline.new("player")
        self.webrtc = Gst.ElementFactory.make("webrtcbin", "webrtc")
        self.webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.webrtc.set_property("latency", 0)
        self.pipeline.add(self.webrtc)
        self.webrtc.connect("pad-added", self.on_pad)
        self.webrtc.connect("notify::ice-gathering-state", self.on_gathering)
        for caps in (VIDEO, AUDIO) if audio else (VIDEO,):
            direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            self.webrtc.emit("add-transceiver", direction, Gst.Caps.from_string(caps))

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        GLib.timeout_add_seconds(LIMIT_S, self.end, f"no {self.wanted} frames within {LIMIT_S} s")
        self.webrtc.emit("create-offer", None, Gst.Promise.new_with_change_func(self.on_offer, None))
        self.loop.run()
        if self.resource is not None:
            self.request(self.resource, "DELETE")
        self.pipeline.set_state(Gst.State.NULL)
        told = {"frames": len(self.lumas), "luma": self.lumas[-1:], "size": self.size, "failure": self.failure}
        print(json.dumps(told), flush=True)

    def end(self, failure=None):
        self.failure = self.failure or failure
        self.loop.quit()
        return False

    def on_offer(self, promise, _):
        reply = promise.get_reply()  # it owns the offer
        self.webrtc.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

    def on_gathering(self, webrtc, _):
        if webrtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.post)

    def post(self):
        try:
            offer = self.webrtc.get_property("local-description").sdp.as_text()
            location, answer = self.request(self.url, "POST", offer.encode())
            self.resource = urllib.parse.urljoin(self.url, location)
            _, message = GstSdp.SDPMessage.new_from_text(answer)
            description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
            self.webrtc.emit("set-remote-description", description, Gst.Promise.new())
        except Exception as error:  # the reason is told, whatever it is
            body = error.read().decode() if hasattr(error, "read") else ""
            self.end(f"{error} {body}")
        return False

    def request(self, url, method, body=None):
        request = urllib.request.Request(url, body, method=method)
        request.add_header("authorization", f"Bearer {self.token}")
        if body is not None:
            request.add_header("content-type", "application/sdp")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.headers.get("location"), answer.read().decode()

    def on_pad(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        described = "rtph264depay ! h264parse ! avdec_h264 ! videoconvert ! video/x-raw,format=I420 ! "
        bin_ = Gst.parse_bin_from_description(described + "appsink name=sink emit-signals=true sync=false", True)
        bin_.get_by_name("sink").connect("new-sample", self.on_frame)
        self.pipeline.add(bin_)
        bin_.sync_state_with_parent()
        pad.link(bin_.get_static_pad("sink"))

    def on_frame(self, sink):
        sample = sink.emit("pull-sample")
        caps = sample.get_caps().get_structure(0)
        self.size = [caps.get_value("width"), caps.get_value("height")]
        _, mapped = sample.get_buffer().map(Gst.MapFlags.READ)
        luma = bytes(mapped.data[: self.size[0] * self.size[1]])
        sample.get_buffer().unmap(mapped)
        self.lumas.append(sum(luma) / len(luma))
        if len(self.lumas) >= self.wanted:
            GLib.idle_add(self.end)
        return Gst.FlowReturn.OK


if __name__ == "__main__":
    Gst.init(None)
    Player(sys.argv[1], sys.argv[2], int(sys.argv[3]), "audio" in sys.argv[4:]).run()
