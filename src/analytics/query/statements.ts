import { AppError } from '../../errors.ts';

/** A statement of a query's text. */
export type Statement =
  | { readonly kind: 'query'; readonly text: string }
  | { readonly kind: 'attach'; readonly path: string; readonly name: string }
  | { readonly kind: 'detach'; readonly name: string };

/** Matches quoted texts, dollar-quoted texts and comments as a whole, and semicolons. */
const opaque =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([a-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|;/gi;

const attach =
  /^attach(?:\s+database)?(?:\s+if\s+not\s+exists)?\s+'((?:[^']|'')+)'(?:\s+as\s+("[^"]+"|\w+))?\s*(?:\(\s*(?:type\s+sqlite|read_only)(?:\s*,\s*(?:type\s+sqlite|read_only))*\s*\))?$/i;
const detach = /^detach(?:\s+database)?(?:\s+if\s+exists)?\s+("[^"]+"|\w+)$/i;

/**
 * The statements of a text, in order. ATTACH and DETACH are recognized, because Portolan runs them
 * itself; DuckDB's parser decides whether the others only read.
 */
export function parseStatements(text: string): Statement[] {
  return split(text).flatMap((piece): Statement[] => {
    const bare = withoutComments(piece).trim();
    if (bare === '') return [];
    const [, quotedPath, attached] = attach.exec(bare) ?? [];
    if (quotedPath !== undefined) {
      const path = quotedPath.replaceAll("''", "'");
      return [
        { kind: 'attach', path, name: attached === undefined ? stem(path) : nameOf(attached) },
      ];
    }
    const [, detached] = detach.exec(bare) ?? [];
    if (detached !== undefined) return [{ kind: 'detach', name: nameOf(detached) }];
    if (/^attach\b/i.test(bare)) {
      throw new AppError(
        'INVALID_INPUT',
        `only ATTACH 'FILE' AS NAME with a SQLite file is supported: ${bare}`,
      );
    }
    return [{ kind: 'query', text: piece.trim() }];
  });
}

function split(text: string): string[] {
  const pieces: string[] = [];
  let begin = 0;
  for (const match of text.matchAll(opaque)) {
    if (match[0] !== ';') continue;
    pieces.push(text.slice(begin, match.index));
    begin = match.index + 1;
  }
  pieces.push(text.slice(begin));
  return pieces;
}

/** The text of a statement with comments replaced by blanks. */
export function withoutComments(text: string): string {
  return text.replaceAll(opaque, (part) => (/^(--|\/\*)/.test(part) ? ' ' : part));
}

function nameOf(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1) : word;
}

/** `results` of `data/results.db`. */
function stem(path: string): string {
  return path.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '');
}
