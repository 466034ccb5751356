;;; Digests of source text, and the names that it mentions.

(define-module (flowmake source)
  #:use-module (flowmake primitives)
  #:export (source-digest
            source-summary
            mentioned-symbols))

(define (source-digest datum)
  "Return the digest of DATUM as source text: comments and layout do not
count."
  (let ((bytes (%encode-source datum)))
    (and bytes (%digest bytes))))

(define (mentioned-symbols datum)
  "Return the list of symbols in DATUM, each once, but for what is quoted."
  (let ((seen (make-hash-table)))
    (let walk ((datum datum))
      (cond
       ((symbol? datum) (hashq-set! seen datum #t))
       ((pair? datum)
        (unless (eq? (car datum) 'quote)
          (let loop ((datum datum))
            (cond
             ((pair? datum) (walk (car datum)) (loop (cdr datum)))
             ((null? datum))
             (else (walk datum))))))
       ((vector? datum) (walk (vector->list datum)))))
    (sort (hash-map->list (lambda (symbol _) symbol) seen)
          (lambda (a b)
            (string<? (symbol->string a) (symbol->string b))))))

(define (source-summary datum)
  "Return (DIGEST MENTIONED ...) of DATUM."
  (cons (source-digest datum) (mentioned-symbols datum)))
