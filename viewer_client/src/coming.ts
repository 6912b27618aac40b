// Messages that the server's models will have.
export interface StillMessage {
  type: "still";
  view: string;
  sequence: number;
  camera_seq: number;
  width: number;
  height: number;
  samples: number;
  path: string;
}
