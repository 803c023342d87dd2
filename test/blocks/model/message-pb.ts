import protobuf from "protobufjs";

/** The documented schema; the well-known type is written out, as the parser has no files to import. */
export const messagePB = protobuf
  .parse(
    `syntax = "proto3"; package com.google.protobuf.util;
    message Timestamp { int64 seconds = 1; int32 nanos = 2; }
    message MessagePB {
      message Value { Timestamp datetime = 1; bytes payload = 2; }
      string metric = 1; map<string, string> tagset = 2; string type = 3; repeated Value values = 4;
    }`,
  )
  .root.lookupType("com.google.protobuf.util.MessagePB");
