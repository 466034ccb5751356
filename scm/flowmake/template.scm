;;; What the expansion of a step form quotes (flowmake step): all that the form
;;; says, as CBOR, in a string, for a compiled file holds strings compactly and
;;; loads them at no cost.  The string is the same object however often the
;;; form is evaluated, and so stands for the template.

(define-module (flowmake template)
  #:use-module (flowmake primitives)
  #:export (pack-template
            template-fields
            template-field
            template-place
            template-thunk-needs
            template-thunk-place
            template-body
            template-mentions))

(define (pack-template fields place needs places body mentions)
  "Return the template with FIELDS, a list of (KEY . VALUE) for the engine; the
PLACE of the form; for each thunk the NEEDS, indexes of the names it takes, and
the (line . column) in PLACES; BODY, (THUNK-NUMBER
TOP-LEVEL? DIGEST MENTIONED ...) of a scheme recipe or #f; and MENTIONS, the
expressions-summary of the others or #f."
  (%bytes->string
   (%encode-source
    (list (map (lambda (field)
                 (cons (car field) (%encode-message (cdr field))))
               fields)
          place (list->vector needs) (list->vector places) body
          mentions))))

(define unpacked (make-hash-table))     ; template -> list as above

(define (unpack template)
  (or (hashq-ref unpacked template)
      (let ((parts (%decode (%string->bytes template))))
        (hashq-set! unpacked template parts)
        parts)))

(define decoded (make-hash-table))      ; template -> ((key . value) ...)

(define (template-fields template)
  "Return the list of (KEY . CBOR), what the engine gets."
  (list-ref (unpack template) 0))

(define (template-field template key)
  "Return the value of the field KEY, a string."
  (let ((known (hashq-ref decoded template '())))
    (cond
     ((assoc key known) => cdr)
     (else
      (let ((value (%decode (assoc-ref (template-fields template) key))))
        (hashq-set! decoded template (acons key value known))
        value)))))

(define (template-place template)
  "Return the place of the form."
  (list-ref (unpack template) 1))

(define (template-thunk-needs template n)
  "Return the indexes of the names that thunk N takes."
  (vector-ref (list-ref (unpack template) 2) n))

(define (template-thunk-place template n)
  "Return the place of thunk N."
  (let ((position (vector-ref (list-ref (unpack template) 3) n)))
    (list (cons 'filename (assq-ref (template-place template) 'filename))
          (cons 'line (1- (car position)))
          (cons 'column (1- (cdr position))))))

(define (template-body template)
  "Return (THUNK-NUMBER TOP-LEVEL? DIGEST MENTIONED ...) of a scheme recipe, or
#f."
  (list-ref (unpack template) 4))

(define (template-mentions template)
  "Return (DIGEST-or-#f MENTIONED ...) of the step's expressions, or #f."
  (list-ref (unpack template) 5))
