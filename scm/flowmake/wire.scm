;;; What messages to the engine are made of (model/wire.h): its numbers, what
;;; may be absent, and errors.

(define-module (flowmake wire)
  #:use-module (flowmake primitives)
  #:export (wire-chunk
            wire-inline-max-bytes
            wire-error wire-template wire-steps wire-loaded wire-job wire-items
            wire-constants wire-rows wire-results wire-seen
            expr-const expr-name expr-thunk expr-pieces
            quote-raw
            name-kind-number
            null
            option
            field
            error-sender))

(define wire-chunk 1000)
(define wire-inline-max-bytes 1024)

;; enum wire_type
(define wire-error 2)
(define wire-template 3)
(define wire-steps 4)
(define wire-loaded 5)
(define wire-job 10)
(define wire-items 11)
(define wire-constants 12)
(define wire-rows 13)
(define wire-results 14)
(define wire-seen 15)

;; enum wire_expr
(define expr-const 0)
(define expr-name 1)
(define expr-thunk 2)
(define expr-pieces 3)

;; enum wire_quote
(define quote-raw 3)

(define name-kinds
  ;; enum wire_name
  '((from . 0) (join . 1) (foreach . 2) (input . 3) (output . 4) (result . 5)
    (pattern . 6) (attempt . 7) (inputs . 8) (outputs . 9) (catch . 10)))

(define (name-kind-number kind)
  "Return the number of KIND, a symbol, of names."
  (assq-ref name-kinds kind))

(define null
  ;; What becomes CBOR's null, and comes of it.
  *unspecified*)

(define (option value)
  "Return VALUE, or null if it is #f."
  (or value null))

(define* (field message key #:optional (default #f))
  "Return what MESSAGE, a table, has for KEY, or DEFAULT if that is absent or
null."
  (let ((value (hash-ref message key null)))
    (if (eq? value null) default value)))

(define (error-sender fd)
  "Return a handler for call-with-errors that tells the engine on FD, and
returns #f."
  (lambda (text placed? backtrace)
    (%send fd wire-error
           (vector "place" placed? "text" text "backtrace" (option backtrace)))
    #f))
