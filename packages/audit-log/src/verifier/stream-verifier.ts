import type { Hash } from 'node:crypto'
import { nextChain, splitChain, start, type Head } from '../format/chain.ts'
import { formatFileName, type FileName } from '../format/file-names.ts'
import { parseLine, type AuditLine, type OpenLine, type SealLine } from '../format/lines.ts'
import type { StreamClaims } from './claims.ts'
import type { FileLine } from './read-lines.ts'
import type { AuditFinding, AuditStream, Claim, Findings } from './report.ts'
import { checkSeal } from './seal-checks.ts'
import { SealGap } from './seal-gap.ts'

/** The part of a batch that is read before its chain value. */
interface Batch {
  readonly hash: Hash
  /** Its first line in the file. */
  readonly from: number
  /** The number of its last line in the stream. */
  sequence: number
  lines: number
  tokens: number
  time: string | null
  last: AuditLine | null
  seal: { readonly line: number; readonly content: SealLine } | null
  /** What the writer would not have written. */
  problem: string | null
}

/** The last batch: the head before it, and what it has. */
interface LastBatch {
  readonly headBefore: Head
  readonly lines: number
  readonly tokens: number
}

export interface StreamVerifierOptions {
  readonly stream: string
  readonly findings: Findings
  /** Where the stream is known to have been. */
  readonly claims: StreamClaims
  /** The thumbprints of the keys that may seal; null for any. */
  readonly trusted: ReadonlySet<string> | null
  /** Called with the key of each valid seal. */
  readonly onKey: (kid: string) => void
}

/** Verifies the lines of one stream, one after the other, in constant memory. */
export class StreamVerifier {
  readonly #options: StreamVerifierOptions
  readonly #claims: Map<number, readonly Claim[]>
  /** The lines that claims are about, the last one first, without those before a hole: each is passed over once. */
  readonly #ahead: number[]
  readonly #gap: SealGap
  #file: FileName | null = null
  #files = 0
  /** Whether lines before this file are not there. */
  #isAfterHole = false
  /** Whether the first file is there. */
  #isFromStart = false
  #head: Head = start
  #lastBatch: LastBatch | null = null
  #batch: Batch | null = null
  #mark: Head | null = null
  #sealed: AuditStream['sealed'] = null
  #isClosed = false
  #untrusted: string | null = null
  #hasInvalidSeal = false
  #confirmed: Claim | null = null
  #lines = 0
  #tokens = 0
  #from: string | null = null
  #to: string | null = null

  constructor(options: StreamVerifierOptions) {
    this.#options = options
    this.#gap = new SealGap()
    this.#claims = new Map(options.claims)
    this.#ahead = [...options.claims.keys()].toSorted((a, b) => b - a)
  }

  /** @param isAfterHole whether files before it are missing, which is reported already */
  beginFile(file: FileName, isAfterHole: boolean): void {
    this.#file = file
    this.#files++
    this.#isAfterHole = isAfterHole
    this.#isFromStart ||= file.number === 1
  }

  line({ number, bytes, isWhole }: FileLine): void {
    const content = isWhole ? parseLine(bytes.toString()) : null
    if (number === 1) this.#begin(content)
    const batch = (this.#batch ??= newBatch(this.#head, number))
    batch.lines++
    if (content === null) batch.problem ??= `line ${number} is not a line of an audit log`
    else this.#take(batch, content, number)
    const end = isWhole ? splitChain(bytes) : null
    if (end === null) {
      batch.hash.update(bytes).update('\n')
      return
    }
    const isIntact = batch.hash.update(end.body).digest('base64url') === end.chain
    this.#batch = null
    this.#endBatch(batch, end.chain, isIntact, number)
  }

  endFile(): void {
    if (this.#batch !== null) {
      const message = `the file ends with ${this.#batch.lines} line(s) of an incomplete batch, whose tokens were not issued: it is being written now, or the server or its disk stopped there`
      this.#report('torn', 'warning', message, this.#batch.from)
    }
    this.#batch = null
  }

  end(): AuditStream {
    for (const claim of [...this.#claims.values()].flat()) this.#reportClaim(claim)
    this.#reportMissingSeals()
    this.#reportEnd()
    return {
      stream: this.#options.stream,
      files: this.#files,
      lines: this.#lines,
      tokens: this.#tokens,
      from: this.#from,
      to: this.#to,
      sealed: this.#sealed,
      isClosed: this.#isClosed,
      head: this.#head === start ? null : this.#head,
    }
  }

  /** The first line of a file says where the chain continues from. */
  #begin(content: AuditLine | null): void {
    if (content === null || !isOpen(content)) return
    const { stream, file, previous } = content
    if (stream !== this.#file?.stream || file !== this.#file.number) {
      this.#report(
        'line-invalid',
        'error',
        `the file was renamed: it was ${formatFileName({ stream, number: file })}`,
        1,
      )
    }
    if (previous === null ? this.#head === start : isSame(previous, this.#head)) return
    if (previous !== null && this.#lastBatch !== null && isSame(previous, this.#lastBatch.headBefore)) {
      this.#dropBatch(this.#lastBatch)
      return
    }
    if (!this.#isAfterHole) {
      const here =
        this.#head.sequence === 0
          ? 'no line before it was found'
          : `the file before it ends with line ${this.#head.sequence}`
      const message = `the first line says that the stream continues after line ${previous?.sequence ?? 0}, but ${here} or was changed`
      this.#report('chain-broken', 'error', message, 1)
    }
    this.#head = previous === null ? start : { sequence: previous.sequence, chain: previous.chain }
    if (this.#isAfterHole) this.#passHole()
  }

  /** Claims about lines in the hole cannot be checked, except for the last line: the chain continues from it. */
  #passHole(): void {
    while ((this.#ahead.at(-1) ?? Infinity) < this.#head.sequence) this.#claims.delete(this.#ahead.pop() ?? 0)
    this.#settleClaims()
  }

  /** The writer continued in the next file without it, because its write had failed. */
  #dropBatch({ headBefore, lines, tokens }: LastBatch): void {
    const message = `the last ${lines} line(s) of the file before do not count: their write failed, and their tokens were not issued`
    this.#report('torn', 'warning', message, 1)
    // The writer seals only what it has written. A seal of these lines proves that they were taken back later.
    if (this.#mark !== null && isSame(this.#mark, this.#head)) this.#mark = null
    this.#reopenClaim()
    this.#head = headBefore
    this.#lines -= lines
    this.#tokens -= tokens
    this.#lastBatch = null
  }

  #take(batch: Batch, content: AuditLine, number: number): void {
    if (content.sequence !== batch.sequence + 1)
      batch.problem ??= sequenceProblem(batch.sequence, content.sequence, number)
    if (isOpen(content)) this.#gap.interval = content.seal_interval
    if (isOpen(content) !== (number === 1))
      batch.problem ??=
        number === 1
          ? 'line 1 is not an open line'
          : `line ${number} is an open line, but only line 1 of a file may be one`
    const isSeal = 'event' in content && content.event === 'seal'
    if (this.#isClosed && !(isSeal && this.#mark !== null))
      batch.problem ??= `line ${number} follows the end of the stream`
    if (isSeal) {
      if (batch.seal !== null) batch.problem ??= `line ${number} is a second seal`
      batch.seal ??= { line: number, content }
    }
    if (!('event' in content)) batch.tokens++
    batch.sequence = content.sequence
    batch.time = content.time
    batch.last = content
  }

  #endBatch(batch: Batch, chain: string, isIntact: boolean, to: number): void {
    if (!isIntact) {
      const detail = batch.problem ?? 'at least one line was changed, removed or added'
      this.#report(
        'chain-broken',
        'error',
        `lines ${batch.from} to ${to} are not as the server wrote them: ${detail}`,
        batch.from,
      )
    } else if (batch.problem !== null) {
      this.#report('line-invalid', 'error', `${batch.problem}; the writer did not write it`, batch.from)
    }
    this.#lastBatch = { headBefore: this.#head, lines: batch.lines, tokens: batch.tokens }
    this.#head = { sequence: batch.sequence, chain }
    this.#lines += batch.lines
    this.#tokens += batch.tokens
    this.#from ??= batch.time
    this.#to = batch.time ?? this.#to
    this.#settleClaims()
    if (batch.seal !== null) this.#checkSeal(batch.seal)
    this.#noteEvents(batch)
  }

  #noteEvents({ last, time, tokens }: Batch): void {
    if (tokens > 0 && time !== null) this.#gap.addTokens(tokens, time)
    if (last !== null && 'event' in last && (last.event === 'mark' || last.event === 'close')) {
      this.#mark = this.#head
      this.#gap.mark()
      this.#isClosed ||= last.event === 'close'
    }
    if (time !== null) this.#gap.reach(time)
  }

  #checkSeal({ line, content }: NonNullable<Batch['seal']>): void {
    const { stream, trusted, onKey } = this.#options
    const mark = this.#mark
    const verdict = checkSeal(content, stream, mark, trusted)
    this.#mark = null
    if (verdict.problem === null) {
      onKey(verdict.kid)
      this.#gap.seal()
      if (mark !== null) this.#sealed = { sequence: mark.sequence, time: content.time }
      return
    }
    this.#hasInvalidSeal = true
    if (verdict.isUntrusted !== true) {
      this.#report('seal-invalid', 'error', verdict.problem, line)
    } else if (verdict.kid !== this.#untrusted) {
      // Once, and not for each of its seals.
      this.#untrusted = verdict.kid
      this.#report('seal-untrusted', 'error', verdict.problem, line)
    }
  }

  #settleClaims(): void {
    const { sequence, chain } = this.#head
    const claims = this.#claims.get(sequence)
    if (claims === undefined) return
    const open = claims.filter((claim) => claim.chain !== chain)
    this.#confirmed = claims.find((claim) => claim.chain === chain) ?? this.#confirmed
    if (open.length === 0) this.#claims.delete(sequence)
    else this.#claims.set(sequence, open)
  }

  /** Others have recorded the head, so what continues from before it differs from what they saw. */
  #reopenClaim(): void {
    const claim = this.#confirmed
    if (claim === null || !isSame(claim, this.#head)) return
    this.#confirmed = null
    this.#claims.set(claim.sequence, [...(this.#claims.get(claim.sequence) ?? []), claim])
  }

  #reportClaim({ sequence, source }: Claim): void {
    if (sequence > this.#head.sequence) {
      const message = `${source} had ${sequence} lines of the stream; ${this.#head.sequence} are there, so its end was cut off`
      this.#report('stream-cut', 'error', message, null, null)
    } else {
      this.#report('stream-differs', 'error', `${source} had different lines up to ${sequence}`, null, null)
    }
  }

  #reportMissingSeals(): void {
    const { isTooLong, interval, since } = this.#gap
    if (isTooLong) {
      const message = `no valid seal covers the tokens from ${since} on, although the server seals every ${interval} s`
      this.#report('seals-missing', 'error', message, null, null)
    } else if (this.#isFromStart && this.#tokens > 0 && this.#sealed === null && !this.#hasInvalidSeal) {
      const message =
        'the stream has tokens but no seal, although the server seals a stream before its first token'
      this.#report('seals-missing', 'error', message, null, null)
    }
  }

  #reportEnd(): void {
    if (this.#isClosed && this.#gap.since === null && this.#mark === null) return
    const { unsealed } = this.#gap
    const until =
      this.#sealed === null ? 'no seal is valid' : `the last seal covers line ${this.#sealed.sequence}`
    const why = this.#isClosed
      ? 'the last seal is missing'
      : 'the stream is not closed: the server is running, or was stopped'
    const seen =
      this.#confirmed?.sequence === this.#head.sequence ? `; ${this.#confirmed.source} had the same end` : ''
    const message = `${why}; ${until}, and ${unsealed} token(s) follow it. Lines cut off at the end cannot be detected${seen}`
    this.#report('open-end', 'warning', message, null, null)
  }

  #report(
    id: AuditFinding['id'],
    severity: AuditFinding['severity'],
    message: string,
    line: number | null,
    file: FileName | null = this.#file,
  ): void {
    const { stream, findings } = this.#options
    findings.add({ id, severity, stream, file: file === null ? null : formatFileName(file), line, message })
  }
}

function newBatch({ sequence, chain }: Head, from: number): Batch {
  const counts = { sequence, lines: 0, tokens: 0 }
  return { hash: nextChain(chain), from, ...counts, time: null, last: null, seal: null, problem: null }
}

function isOpen(line: AuditLine): line is OpenLine {
  return 'event' in line && line.event === 'open'
}

function isSame(one: Head, other: Head): boolean {
  return one.sequence === other.sequence && one.chain === other.chain
}

function sequenceProblem(before: number, now: number, line: number): string {
  return now > before
    ? `line ${line} has the number ${now} after ${before}, so ${now - before - 1} line(s) before it are missing`
    : `line ${line} has the number ${now} after ${before}, so it is a copy or in the wrong place`
}
