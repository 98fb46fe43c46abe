/** What is no public key, and no fingerprint of one. More, and what `ssh-keygen` says of each: public-key.test.ts. */
import { blobOf, ed25519Line, lineOf, rsaNumbers, withBlob } from '../../support/ssh-wire.ts'

const LINE = ed25519Line()
const [, BASE64 = ''] = LINE.split(' ')
const { exponent, modulus } = rsaNumbers(1024)

export const BAD_KEYS = [
  ...['', ' ', 'x', 'ssh-ed25519', 'ssh-ed25519 ', 'ssh-ed25519 x', BASE64, `SSH-ED25519 ${BASE64}`],
  // Of another kind than it says, weak, or of a kind that is not taken.
  ...[`ssh-rsa ${BASE64}`, lineOf('ssh-rsa', [exponent, modulus]), lineOf('ssh-dss', [new Uint8Array(32)])],
  // Bytes too few, and too many.
  ...[withBlob(LINE, blobOf(LINE).subarray(0, -1)), withBlob(LINE, Buffer.concat([blobOf(LINE), Buffer.alloc(1)]))],
  // Options, more than one line, more than ASCII, a comment without end.
  ...[
    `no-pty ${LINE}`,
    `command="id" ${LINE}`,
    `${LINE}\n${LINE}`,
    `${LINE} bob\r\nmallory`,
    `${LINE} é`,
    `${LINE} \u202e`,
  ],
  `${LINE} ${'a'.repeat(201)}`,
  '-----BEGIN OPENSSH PRIVATE KEY-----',
]

const DIGEST = 'A'.repeat(43)

export const BAD_FINGERPRINTS = [
  ...['', ' ', 'SHA256:', DIGEST, `sha256:${DIGEST}`, `SHA256:${DIGEST.slice(1)}`, `SHA256:${DIGEST}A`],
  ...[`SHA256:${DIGEST}=`, ` SHA256:${DIGEST}`, `SHA256:${DIGEST}\n`, `SHA256:${DIGEST.slice(1)}-`],
  'MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48',
]
