;;; The datum that the expansion of a step form quotes (flowmake step), as its
;;; users see it: (PUBLIC PLACE NEEDS PLACES BODY).

(define-module (flowmake template)
  #:export (template-public
            template-place
            template-field
            template-thunk-needs
            template-thunk-place
            template-body))

(define (template-public template)
  "Return the fields that the engine gets: #(KEY VALUE ...)."
  (list-ref template 0))

(define (template-place template)
  "Return the place of the form."
  (list-ref template 1))

(define (template-field template key)
  "Return the field KEY, a string, of TEMPLATE's public part."
  (let ((fields (template-public template)))
    (let loop ((i 0))
      (if (string=? (vector-ref fields i) key)
          (vector-ref fields (1+ i))
          (loop (+ i 2))))))

(define (template-thunk-needs template n)
  "Return the indexes of the names that thunk N takes."
  (vector-ref (list-ref template 2) n))

(define (template-thunk-place template n)
  "Return the place of thunk N."
  (let ((position (vector-ref (list-ref template 3) n)))
    `((filename . ,(assq-ref (template-place template) 'filename))
      (line . ,(1- (car position)))
      (column . ,(1- (cdr position))))))

(define (template-body template)
  "Return (THUNK-NUMBER DIGEST MENTIONED ...) of a scheme recipe, or #f."
  (list-ref template 4))
